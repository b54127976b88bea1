/**
 * Follows a policy service: asks for news with a question that waits, fetches the parts that it lacks, holds every one
 * against its hash, and hands the host a whole bundle. What the host takes is kept on disk; what it refuses is told and
 * not asked for again. A service that is away changes nothing: the host goes on with what it has, and says so.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MerlonError } from "../../core/error.ts";
import { assembleBundle, type Bundle, CONTENT_BYTES_MAX, readContent } from "../bundle.ts";
import { BundleCache } from "../bundle-cache.ts";
import { INSTANCE_HEADER, ORIGINS, PATHS, type Pointer, pointerSchema, type Report } from "../wire.ts";
import { BackOff } from "./back-off.ts";
import { parseAnswer, type ServiceAddress, ServiceClient } from "./service-client.ts";

const WAIT_SECONDS = 30;
/** What a waiting question may take beyond its wait. */
const SLACK_MS = 10_000;
/** How long a host waits for its first answer before it takes traffic with what it has. */
const START_MS = 2500;
const REPORT_MS = 10_000;
const COMPARING_REPORT_MS = 2000;
const WHY_CHARS_MAX = 500;

/** The host's side. */
export interface Followed {
  /** Puts a policy into force. @throws MerlonError where it cannot; the one before then stays */
  use(bundle: Bundle): void;
  /** Shows a candidate beside it, or none; until the given millisecond. @throws MerlonError where it cannot */
  show(candidate: Bundle | null, endsAt: number): void;
  /** What the host counts, and what came of a candidate. */
  observe(): Pick<Report, "counters" | "hits" | "comparison" | "traffic">;
  /** A line for the operator. */
  say(line: string): void;
}

/** Whom to follow, and as whom. */
export interface FollowOptions extends ServiceAddress {
  /** Where the node's own key and certificate are kept, where it enrols, and the token that it enrols with. */
  readonly enrolment?: { readonly folder: string; readonly token?: (() => string) | undefined } | undefined;
  /** Where the last good policy is kept; it is not where absent. */
  readonly cacheFolder?: string | undefined;
  /** Tells instances of one node apart. */
  readonly instance: string;
  /** `sidecar`, `extproc` … */
  readonly kind: string;
  /** Merlon's version. */
  readonly merlon: string;
}

/** What is in force, as reports say it. */
export type InForce = Report["policy"];

/** A follower, from its start to `close`. */
export class Follower {
  readonly #host: Followed;
  readonly #options: FollowOptions;
  readonly #client: ServiceClient;
  readonly #cache: BundleCache | undefined;
  readonly #ending = new AbortController();
  readonly #backOff = new BackOff();
  #bundle: Bundle | undefined;
  #inForce: InForce = { hash: null, version: 0, source: "builtin", since: Date.now() };
  #refused: Report["refused"] = null;
  #candidate = "";
  #etag = "";
  #away = false;
  /** While a policy is only tried: what to go back to, and when, unless the service says that it counts. */
  #trial:
    | { readonly hash: string; readonly back: Bundle; readonly version: number; readonly until: number }
    | undefined;
  #taking: Promise<unknown> = Promise.resolve();
  #running: Promise<unknown> = Promise.resolve();

  /** @throws MerlonError MERLON_USAGE, MERLON_TLS */
  constructor(host: Followed, options: FollowOptions) {
    this.#host = host;
    this.#options = options;
    this.#client = new ServiceClient(options);
    this.#cache = options.cacheFolder === undefined ? undefined : new BundleCache(options.cacheFolder);
  }

  /** What is in force, and where it comes from. */
  get inForce(): InForce {
    return this.#inForce;
  }

  /**
   * Puts the last good policy into force, asks the service once, and goes on asking until `close`. A service that is
   * away or slow does not keep the host from starting.
   */
  async start(): Promise<void> {
    await this.#restore();
    const first = this.#look(0);
    this.#running = Promise.all([first.then(() => this.#follow()), this.#keepReporting()]);
    await Promise.race([first, this.#pause(START_MS)]);
  }

  /** Stops asking. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#client.close();
  }

  /** Asks once, without waiting for news; resolves when what came is in force or refused. */
  async check(): Promise<void> {
    await this.#look(0);
  }

  async #restore(): Promise<void> {
    try {
      const kept = await this.#cache?.read();
      if (kept === undefined) return;
      this.#host.use(kept.bundle);
      this.#bundle = kept.bundle;
      this.#enter(kept.bundle.hash, kept.version, "last_known_good");
    } catch (error) {
      this.#host.say(`${messageOf(error)} (the built-in policy is in force)`);
    }
  }

  async #follow(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const went = await this.#look(WAIT_SECONDS);
      if (!went) await this.#pause(this.#backOff.next());
    }
  }

  async #keepReporting(): Promise<void> {
    let waited = 0;
    while (!this.#ending.signal.aborted) {
      await this.#pause(COMPARING_REPORT_MS);
      waited += COMPARING_REPORT_MS;
      this.#endTrial();
      // Somebody waits for what comes of a candidate.
      if (this.#ending.signal.aborted || (waited < REPORT_MS && this.#candidate === "")) continue;
      waited = 0;
      await this.#report();
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined);
  }

  /** @returns whether the service answered */
  async #look(waitSeconds: number): Promise<boolean> {
    try {
      const answer = await this.#client.ask(PATHS.policy, {
        headers: {
          [INSTANCE_HEADER]: this.#options.instance,
          ...(this.#etag === "" ? {} : { "if-none-match": this.#etag }),
          ...(waitSeconds === 0 || this.#etag === "" ? {} : { prefer: `wait=${waitSeconds}` }),
        },
        answerMs: waitSeconds * 1000 + SLACK_MS,
        signal: this.#ending.signal,
      });
      if (answer.status === 200) {
        const pointer = parseAnswer(pointerSchema, answer.bytes);
        // A question of `check` may be answered meanwhile: one after the other.
        const taking = this.#taking.then(() => this.#take(pointer));
        this.#taking = taking.catch(() => undefined);
        await taking;
        this.#etag = answer.etag;
      }
      this.#heard();
      return true;
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#lost(error);
      return false;
    }
  }

  #heard(): void {
    this.#backOff.reset();
    if (this.#away) this.#host.say("the policy service answers again");
    this.#away = false;
    if (this.#inForce.source === ORIGINS[1]) this.#inForce = { ...this.#inForce, source: "live" };
  }

  /** The policy stays; told once until the service answers again. */
  #lost(error: unknown): void {
    if (this.#inForce.source === "live") this.#inForce = { ...this.#inForce, source: "last_known_good" };
    if (!this.#away) this.#host.say(`${messageOf(error)} (in force: ${this.#inForce.source.replaceAll("_", " ")})`);
    this.#away = true;
  }

  async #take({ bundle: wanted, version, candidate, trial }: Pointer): Promise<void> {
    const before = { bundle: this.#bundle, version: this.#inForce.version };
    if (wanted.hash !== this.#inForce.hash && wanted.hash !== this.#refused?.hash) {
      let taken: Bundle | undefined;
      try {
        const bundle = await this.#fetch(wanted);
        this.#host.use(bundle);
        taken = bundle;
        this.#bundle = bundle;
        this.#refused = null;
        this.#enter(bundle.hash, version, "live");
      } catch (error) {
        // What did not come whole is asked for again; what came and is of no use is not.
        if (error instanceof MerlonError && error.code === "MERLON_SERVICE") throw error;
        this.#refused = { hash: wanted.hash, why: messageOf(error).slice(0, WHY_CHARS_MAX) };
        this.#host.say(`${messageOf(error)} (the policy before stays in force)`);
      }
      this.#beginTrial(trial, before);
      await this.#report();
      if (taken !== undefined && trial === undefined) await this.#keep(taken, version);
    } else if (wanted.hash === this.#inForce.hash) {
      const { hash, since } = this.#inForce;
      this.#inForce = { hash, version, source: "live", since };
      // What was tried counts now: it is kept as everything that counts.
      if (trial === undefined && this.#trial !== undefined && this.#bundle !== undefined) {
        await this.#keep(this.#bundle, version);
      }
      if (trial === undefined) this.#trial = undefined;
      // It may have been taken back to after one that was refused.
      this.#refused = null;
      await this.#report();
    }
    await this.#takeCandidate(candidate);
  }

  #beginTrial(
    trial: Pointer["trial"],
    before: { readonly bundle: Bundle | undefined; readonly version: number },
  ): void {
    const { hash } = this.#inForce;
    if (trial === undefined || hash === null) {
      this.#trial = undefined;
      return;
    }
    const back = this.#trial?.back ?? before.bundle;
    if (back === undefined || back.hash === hash) return;
    const version = this.#trial?.version ?? before.version;
    this.#trial = { hash, back, version, until: Date.now() + trial.forMs };
  }

  /** A trial is over when the service is away or says nothing more: nobody would notice what the policy does. */
  #endTrial(): void {
    const trial = this.#trial;
    if (trial === undefined || (!this.#away && Date.now() < trial.until)) return;
    this.#trial = undefined;
    if (this.#inForce.hash !== trial.hash) return;
    try {
      this.#host.use(trial.back);
      this.#bundle = trial.back;
      // The service's next word is news, whatever it is.
      this.#etag = "";
      this.#enter(trial.back.hash, trial.version, "last_known_good");
      this.#host.say("the policy service says no more of a policy that is tried: the one before is in force again");
    } catch (error) {
      this.#host.say(messageOf(error));
    }
  }

  async #takeCandidate(candidate: Pointer["candidate"]): Promise<void> {
    const key = candidate === null ? "" : `${candidate.hash} ${candidate.endsAt}`;
    if (key === this.#candidate) return;
    try {
      this.#host.show(candidate === null ? null : await this.#fetch(candidate), candidate?.endsAt ?? 0);
      this.#candidate = key;
    } catch (error) {
      if (error instanceof MerlonError && error.code === "MERLON_SERVICE") throw error;
      this.#candidate = key;
      this.#host.say(`the candidate is not shown: ${messageOf(error)}`);
    }
    await this.#report();
  }

  /** Fetches the parts that are not at hand. */
  async #fetch({ hash, size }: Pointer["bundle"]): Promise<Bundle> {
    if (size > CONTENT_BYTES_MAX) {
      throw new MerlonError("MERLON_SERVICE", "the policy service sends too much — a list of contents; mend it");
    }
    const { signal } = this.#ending;
    const content = this.#bundle?.parts.get(hash) ?? (await this.#client.part({ hash, size }, signal));
    const parts = new Map<string, Uint8Array>([[hash, content]]);
    const { needs } = readContent(content);
    await Promise.all(
      needs.map(async (part) => {
        parts.set(part.hash, this.#bundle?.parts.get(part.hash) ?? (await this.#client.part(part, signal)));
      }),
    );
    return assembleBundle(hash, parts);
  }

  #enter(hash: string, version: number, source: InForce["source"]): void {
    this.#inForce = { hash, version, source, since: Date.now() };
  }

  async #keep(bundle: Bundle, version: number): Promise<void> {
    try {
      await this.#cache?.write({ bundle, version });
    } catch (error) {
      this.#host.say(messageOf(error));
    }
  }

  async #report(): Promise<void> {
    const { instance, kind, merlon } = this.#options;
    const { counters, hits, comparison, traffic } = this.#host.observe();
    const body: Report = {
      ...{ instance, kind, merlon, policy: this.#inForce, refused: this.#refused },
      ...{ counters, hits, comparison },
      ...(traffic === undefined ? {} : { traffic }),
    };
    try {
      await this.#client.ask(PATHS.report, { method: "PUT", body, signal: this.#ending.signal });
    } catch {
      // The next report says the same; whether the service is there is what the question for news tells.
    }
  }
}

/** Words for an operator; what other errors say may quote what was read. */
function messageOf(error: unknown): string {
  return error instanceof MerlonError ? error.message : "the policy cannot be used";
}
