/**
 * The one place where a policy is published: compiles it, tries it on the core, names it by its hash, and wakes the
 * hosts that wait. What commands add (exceptions, entries of lists) is kept beside the policy on disk and survives a
 * new version of it; so is the number of the last publication.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import type { Engine } from "../../core/engine.ts";
import { MerlonError } from "../../core/error.ts";
import type { Family } from "../../core/metrics.ts";
import { type Bundle, BundleCompiler, hashOf, imageOf, sourcesIn } from "../bundle.ts";
import { BundleCache } from "../bundle-cache.ts";
import { applyEdit, type Edit } from "../edit.ts";
import { filterImage } from "../filter-image.ts";
import { addressHalves } from "../network.ts";
import { type PolicyObjects, parseObjects, parsePolicy, withObjects } from "../policy-text.ts";
import { replaceFile } from "../replace-file.ts";
import type { Policy } from "../schema.ts";
import type { Row } from "../source-table.ts";
import type { Sources } from "../sources.ts";
import type { Pointer, PolicyDocument, RolloutState, Status } from "../wire.ts";
import { keyOf } from "./canary.ts";
import { newerOf, objectStates } from "./conditions.ts";
import {
  type FleetEdit,
  type FleetMode,
  fleetModePath,
  inFleetMode,
  keepFleetMode,
  type ModeEdit,
  modeAfter,
  parseFleetMode,
} from "./fleet-mode.ts";
import { Instances, type Published } from "./instances.ts";
import { Rollout, type RolloutStage, type Word } from "./rollout.ts";
import { ServiceMetrics } from "./service-metrics.ts";
import { isLight, type Staged, type StageLimits, sumOf } from "./staging.ts";

const OBJECTS_FILE = "objects.yaml";
const STATE_FILE = "service.json";
/** Bundles whose parts can still be fetched: a host may be at it when the next one comes. */
const BUNDLES_KEPT = 3;
/** Smaller parts are not worth the work. */
const GZIP_FROM_BYTES = 4096;
const WAITING_MAX = 20_000;
const OBJECTS_BYTES_MAX = 8 * 1024 * 1024;
const NONE: PolicyObjects = { exceptions: [], ipLists: [] };

const stateSchema = z.strictObject({
  format: z.literal(1),
  version: z.int().min(0),
  hash: z.string(),
  publishedAt: z.number(),
});

/** What a service is made of. */
export interface ServiceOptions {
  /** Where objects and numbers are kept. */
  readonly folder: string;
  /** Tries every image before anyone gets it; its shadow slot is used. */
  readonly engine: Engine;
  readonly nowMs?: () => number;
  /** Hears what became of each version that was tried first. */
  readonly onRollout?: (state: RolloutState) => void;
}

/** The answer to a host that asks for the policy. */
export interface Answer {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** A change and what it led to. */
export interface Changed {
  readonly did: string;
  readonly published: Published;
}

/** A policy service without its server. */
export class PolicyService {
  readonly instances: Instances;
  readonly #metrics = new ServiceMetrics();
  readonly #options: ServiceOptions;
  readonly #nowMs: () => number;
  readonly #compiler = new BundleCompiler();
  readonly #kept: BundleCache;
  readonly #waiting = new Set<() => void>();
  readonly #packed = new Map<string, Promise<Buffer>>();
  #base: Policy | undefined;
  /** As somebody wrote it, for people; "" where nobody handed it in. */
  #baseText = "";
  #mode: FleetMode | null = null;
  #objectsText = "";
  #objects: PolicyObjects = NONE;
  #published: Published = { version: 0, hash: "", publishedAt: 0 };
  #bundles: readonly Bundle[] = [];
  #candidate: { readonly bundle: Bundle; readonly endsAt: number } | undefined;
  /** What hosts are told by their part in a rollout; made anew at each change. */
  readonly #pointers = new Map<ReturnType<Rollout["roleOf"]>, Answer>();
  #rollout: Rollout | undefined;
  /** Its policy as somebody wrote it. */
  #triedText = "";
  #refused = "";
  /** Made when a filter asks for it. */
  #image: Answer | undefined;
  /** Made when somebody asks about a client: a service does not need it. */
  #asked: { readonly hash: string; readonly sources: Sources } | undefined;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(options: ServiceOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#kept = new BundleCache(options.folder);
    this.instances = new Instances(this.#nowMs);
  }

  /**
   * Reads what was kept.
   * @throws MerlonError MERLON_INPUT, MERLON_POLICY when a file cannot be read or is damaged
   */
  static async open(options: ServiceOptions): Promise<PolicyService> {
    const service = new PolicyService(options);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    service.#objectsText = await readKept(join(options.folder, OBJECTS_FILE));
    service.#objects = parseObjects(service.#objectsText, join(options.folder, OBJECTS_FILE));
    service.#mode = parseFleetMode(await readKept(fleetModePath(options.folder)), options.folder);
    const state = await readKept(join(options.folder, STATE_FILE));
    if (state !== "") service.#published = parseState(state, join(options.folder, STATE_FILE));
    await service.#restore();
    return service;
  }

  /** Serves what was published before, until there is something newer. */
  async #restore(): Promise<void> {
    const kept = await this.#kept.read().catch(() => undefined);
    // A crash between the two files leaves the older bundle; then it is the next publication that is served.
    if (kept?.bundle.hash !== this.#published.hash) return;
    this.#bundles = [kept.bundle];
    this.#point();
  }

  /** What counts now; version 0 before the first publication. */
  get published(): Published {
    return this.#published;
  }

  /** What commands have added, and what the policy itself has. */
  get objects(): { readonly policy: Policy | undefined; readonly added: PolicyObjects } {
    return { policy: this.#base, added: this.#objects };
  }

  /** The whole policy; undefined before the first publication. */
  get policy(): Policy | undefined {
    return this.#base === undefined ? undefined : this.#whole(this.#base);
  }

  /** What counts, as text: what somebody wrote and what was added to it; undefined before the first publication. */
  get document(): PolicyDocument | undefined {
    if (this.#base === undefined) return undefined;
    const base = { text: this.#baseText, hash: hashOf(Buffer.from(this.#baseText)) };
    return { ...this.#published, base, added: this.#objectsText, mode: this.#mode };
  }

  /** A policy with everything that was added here. */
  #whole(policy: Policy, objects = this.#objects, mode = this.#mode): Policy {
    return inFleetMode(withObjects(policy, objects), mode);
  }

  /**
   * Publishes a policy, with what commands have added to it.
   * @param text as somebody wrote it, for people
   * @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION where it is of no use; the one before then stays
   */
  async publish(policy: Policy, text = ""): Promise<Published> {
    // One that is tried now must not come after it.
    this.#rollout?.supersede();
    const published = await this.#publish(policy, text);
    this.#refused = "";
    if (this.#rollout?.isOver === true) this.#rollout = undefined;
    return published;
  }

  async #publish(policy: Policy, text: string): Promise<Published> {
    return await this.#inTurn(async () => {
      return await this.#enter(this.#try(this.#whole(policy)), { policy, text });
    });
  }

  /**
   * Changes one object of those that were added here, or the mode of the fleet.
   * @throws MerlonError MERLON_POLICY where it cannot be changed; nothing has then
   */
  async edit(edit: FleetEdit): Promise<Changed> {
    return await this.#inTurn(async () => {
      const base = this.#base;
      if (base === undefined) throw new MerlonError("MERLON_SERVICE", "there is no policy yet — publish one first");
      if (edit.op === "mode.set") return await this.#setMode(base, edit);
      refuseForeign(edit, base, this.#objects);
      const { text, did } = applyEdit(this.#objectsText, edit);
      if (Buffer.byteLength(text) > OBJECTS_BYTES_MAX) {
        throw new MerlonError(
          "MERLON_POLICY",
          `too much was added — ${OBJECTS_BYTES_MAX} bytes are kept; take expired objects away`,
        );
      }
      const objects = parseObjects(text, OBJECTS_FILE);
      refuseTwins(base, objects);
      const bundle = this.#try(this.#whole(base, objects));
      // On disk first: what was answered with yes is still there after a restart.
      await replaceFile(join(this.#options.folder, OBJECTS_FILE), text);
      this.#objectsText = text;
      this.#objects = objects;
      const published = await this.#enter(bundle);
      this.#remakeTried();
      return { did, published };
    });
  }

  async #setMode(base: Policy, edit: ModeEdit): Promise<Changed> {
    const { mode, did } = modeAfter(edit);
    const bundle = this.#try(this.#whole(base, this.#objects, mode));
    await keepFleetMode(this.#options.folder, mode);
    this.#mode = mode;
    const published = await this.#enter(bundle);
    this.#remakeTried();
    return { did, published };
  }

  /**
   * Shows a candidate on all hosts, beside the policy, until its time is over; null takes it away.
   * @returns its hash
   * @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION
   */
  async show(text: string | null, endsAt = 0): Promise<string> {
    return await this.#inTurn(async () => {
      const bundle = text === null ? undefined : this.#try(this.#whole(parsePolicy(text, "candidate")));
      this.#candidate = bundle === undefined ? undefined : { bundle, endsAt };
      this.#point();
      return bundle?.hash ?? "";
    });
  }

  /**
   * Shows a policy beside the one of today on all hosts, and publishes it unless it would stop requests that pass. What
   * says only modes, exceptions and lists, and what nobody could be shown, is published at once.
   * @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION where it is of no use; the one before then stays
   */
  async stage(policy: Policy, limits: StageLimits, text = ""): Promise<Staged> {
    const { ending } = await this.begin(policy, limits, text);
    return await ending;
  }

  /**
   * Begins what `stage` does.
   * @returns the version's hash, and what becomes of it
   * @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION where it is of no use; what is tried now then goes on
   */
  async begin(policy: Policy, limits: StageLimits, text = ""): Promise<{ hash: string; ending: Promise<Staged> }> {
    if (!this.#needsStage(policy)) {
      const { hash } = await this.publish(policy, text);
      return { hash, ending: Promise.resolve({ ...sumOf([]), outcome: "published", why: "" }) };
    }
    const rollout = new Rollout(this.#rolloutStage(text), policy, limits);
    const hash = await rollout.prepare();
    this.#refused = "";
    // One that is tried now is not judged any more.
    this.#rollout?.supersede();
    this.#rollout = rollout;
    this.#triedText = text;
    this.#point();
    return { hash, ending: rollout.run() };
  }

  #rolloutStage(text: string): RolloutStage {
    return {
      instances: this.instances,
      nowMs: this.#nowMs,
      make: async (wanted) => await this.#inTurn(() => Promise.resolve(this.#try(this.#whole(wanted)))),
      publish: async (wanted) => await this.#publish(wanted, text),
      current: () => this.#bundles[0],
      point: () => this.#point(),
      note: (state) => {
        this.#metrics.add(state);
        this.#options.onRollout?.(state);
      },
    };
  }

  /**
   * Takes an operator's word on the version that is tried, or was held or taken back last.
   * @param by name of the operator
   * @returns what is said of it
   * @throws MerlonError MERLON_USAGE where there is none
   */
  async decide(word: Word, by: string): Promise<string> {
    const rollout = this.#rollout;
    const stage = rollout?.state?.stage;
    if (rollout !== undefined && !rollout.isOver) {
      rollout.say(word, by);
      return word === "promote" ? "it is published to all" : "it is taken back";
    }
    if (word === "promote" && rollout !== undefined && (stage === "held" || stage === "rolled_back")) {
      await this.#publish(rollout.policy, this.#triedText);
      rollout.overrule(by);
      return `version ${this.#published.version} is published`;
    }
    throw new MerlonError("MERLON_USAGE", "no version is tried now — there is nothing to decide; see the status");
  }

  /** What commands have changed reaches canaries too, in the version that they have. */
  #remakeTried(): void {
    const rollout = this.#rollout;
    if (rollout?.bundle === undefined) return;
    rollout.remember(this.#try(this.#whole(rollout.policy)));
    this.#point();
  }

  /** After a restart only the bundle of before is known, and hosts come back in their own time. */
  #needsStage(policy: Policy): boolean {
    const before = this.#base;
    if (before !== undefined) return !isLight(before, policy) && this.status.total > 0;
    const [kept] = this.#bundles;
    return kept !== undefined && this.#try(this.#whole(policy)).hash !== kept.hash;
  }

  /** The answer to whoever asks for the policy and is no canary; undefined before the first publication. */
  get pointer(): Answer | undefined {
    return this.pointerFor("", "");
  }

  /** The answer to a host; a canary is told of the version that it tries. */
  pointerFor(node: string, instance: string): Answer | undefined {
    return this.#answerOf(this.#rollout?.roleOf(keyOf({ node, instance })) ?? "none");
  }

  #answerOf(role: ReturnType<Rollout["roleOf"]>): Answer | undefined {
    if (this.#candidate !== undefined && this.#candidate.endsAt <= this.#nowMs()) {
      this.#candidate = undefined;
      this.#point();
    }
    const known = this.#pointers.get(role);
    if (known !== undefined) return known;
    const [bundle] = this.#bundles;
    if (bundle === undefined) return undefined;
    const bytes = Buffer.from(JSON.stringify(this.#pointerOf(role, bundle)));
    const answer = { bytes, etag: `"${hashOf(bytes)}"` };
    this.#pointers.set(role, answer);
    return answer;
  }

  #pointerOf(role: ReturnType<Rollout["roleOf"]>, bundle: Bundle): Pointer {
    const { version, publishedAt } = this.#published;
    const rollout = this.#rollout;
    const tried = rollout?.bundle;
    const head = { format: 1, version, publishedAt } as const;
    if (role === "none" || rollout === undefined || tried === undefined) {
      const shown = this.#candidate;
      const candidate = shown === undefined ? null : { ...partOf(shown.bundle), endsAt: shown.endsAt };
      return { ...head, bundle: partOf(bundle), candidate };
    }
    const endsAt = rollout.comparesUntil;
    if (role === "shown") return { ...head, bundle: partOf(bundle), candidate: { ...partOf(tried), endsAt } };
    // What decides for all others is shown beside it: so each request tells what this version changes.
    const trial = { forMs: rollout.trialForMs };
    return { ...head, bundle: partOf(tried), candidate: { ...partOf(bundle), endsAt }, trial };
  }

  /** The policy as Envoy's filter takes it, whole; undefined before the first publication. */
  get image(): { readonly bytes: Uint8Array; readonly etag: string } | undefined {
    const [bundle] = this.#bundles;
    if (bundle === undefined) return undefined;
    const etag = `"${bundle.hash}"`;
    if (this.#image?.etag !== etag) this.#image = { bytes: filterImage(bundle).image, etag };
    return this.#image;
  }

  /** @returns a part that a host may still ask for */
  part(hash: string): Uint8Array | undefined {
    const tried = [this.#candidate?.bundle, this.#rollout?.bundle].filter((bundle) => bundle !== undefined);
    for (const { parts } of [...this.#bundles, ...tried]) {
      const part = parts.get(hash);
      if (part !== undefined) return part;
    }
    return undefined;
  }

  /** @returns a part packed once for all hosts; undefined where that gains nothing */
  async packed(hash: string): Promise<Buffer | undefined> {
    const part = this.part(hash);
    if (part === undefined || part.length < GZIP_FROM_BYTES) return undefined;
    const packing = this.#packed.get(hash) ?? promisify(gzip)(part, { level: 1 });
    this.#packed.set(hash, packing);
    return await packing;
  }

  /** Resolves at the next change, when the time is over, or when the asker is gone; at once where too many wait. */
  async news(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= WAITING_MAX || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done);
      this.#waiting.add(done);
    });
  }

  /** Ends all waiting, so that a server can close. */
  wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  /**
   * The entry of a list that decides for a client; undefined where none does.
   * @throws MerlonError MERLON_USAGE when it is no address
   */
  why(client: string): Row | undefined {
    const [high, low] = addressHalves(client);
    const [bundle] = this.#bundles;
    if (bundle === undefined) return undefined;
    if (this.#asked?.hash !== bundle.hash) this.#asked = { hash: bundle.hash, sources: sourcesIn(bundle) };
    return this.#asked.sources.why(high, low, Math.floor(this.#nowMs() / 1000));
  }

  /** What its own file says now is not valid, and so has no effect; said of it until there is a valid content. */
  refuse(why: string): void {
    this.#refused = why;
  }

  /** How far the policy has come. */
  get status(): Status {
    const status = this.instances.status(this.#published, this.#rollout?.tried);
    const rollout = this.#rollout?.state ?? null;
    const newer = newerOf(this.#refused, rollout);
    const objects = objectStates(this.policy, status, newer, Math.floor(this.#nowMs() / 1000));
    return { ...status, rollout, objects };
  }

  /** What it counts. */
  get families(): Family[] {
    return this.#metrics.families(this.status);
  }

  /** Changes come one after another: each begins with what the one before has left. */
  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#changing.then(change);
    this.#changing = turn.catch(() => undefined);
    return await turn;
  }

  /** Compiles, and has the core itself say whether it reads the image. */
  #try(policy: Policy): Bundle {
    const bundle = this.#compiler.compile(policy);
    this.#options.engine.loadPolicy("shadow", imageOf(bundle));
    return bundle;
  }

  /** @param base what somebody wrote, where it is new: who is woken asks for it at once */
  async #enter(bundle: Bundle, base?: { readonly policy: Policy; readonly text: string }): Promise<Published> {
    if (bundle.hash !== this.#published.hash) {
      const next = { version: this.#published.version + 1, hash: bundle.hash, publishedAt: this.#nowMs() };
      // On disk first: a number is given out once.
      await replaceFile(join(this.#options.folder, STATE_FILE), `${JSON.stringify({ format: 1, ...next })}\n`);
      this.#published = next;
    }
    this.#base = base?.policy ?? this.#base;
    this.#baseText = base?.text ?? this.#baseText;
    this.#bundles = [bundle, ...this.#bundles.filter(({ hash }) => hash !== bundle.hash)].slice(0, BUNDLES_KEPT);
    for (const hash of this.#packed.keys()) if (this.part(hash) === undefined) this.#packed.delete(hash);
    this.#point();
    // Behind the news: hosts need not wait for it, and without it a restart only begins with its file.
    await this.#kept.write({ bundle, version: this.#published.version }).catch(() => undefined);
    return this.#published;
  }

  /** Names what counts anew, and wakes whoever waits. */
  #point(): void {
    this.#pointers.clear();
    this.wake();
  }
}

function partOf({ hash, parts }: Bundle): Pointer["bundle"] {
  return { hash, size: parts.get(hash)?.length ?? 0 };
}

/** What stands in the policy's own file is changed there, else the next version of it would bring it back. */
function refuseForeign(edit: Edit, base: Policy, added: PolicyObjects): void {
  const wanted = "name" in edit ? edit.name : undefined;
  if (wanted === undefined || added.exceptions.some(({ name }) => name === wanted)) return;
  if (!(base.exceptions ?? []).some(({ name }) => name === wanted)) return;
  const why = "the next version of the file would bring it back";
  throw new MerlonError(
    "MERLON_POLICY",
    `exception ${wanted} stands in the policy's own file — ${why}; change it there`,
  );
}

/** Names tell exceptions apart, wherever they stand. */
function refuseTwins(base: Policy, { exceptions }: PolicyObjects): void {
  const names = new Set((base.exceptions ?? []).map(({ name }) => name));
  const twin = exceptions.find(({ name }) => names.has(name));
  if (twin === undefined) return;
  const why = "names tell them apart";
  throw new MerlonError("MERLON_POLICY", `the policy's own file has an exception ${twin.name} — ${why}; rename yours`);
}

async function readKept(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return "";
    throw new MerlonError("MERLON_INPUT", `${path} cannot be read — permission is denied or it is no file; check it`, {
      cause,
    });
  }
}

function parseState(text: string, path: string): Published {
  try {
    const { version, hash, publishedAt } = stateSchema.parse(JSON.parse(text));
    return { version, hash, publishedAt };
  } catch {
    throw new MerlonError(
      "MERLON_INPUT",
      `${path} is damaged — it says no version; delete it, and versions begin at 1`,
    );
  }
}
