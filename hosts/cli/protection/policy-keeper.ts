/**
 * Keeps the core's policy at what its source says: a file that is watched, or a policy service that is followed. It
 * comes into force in one step, and the last good one stays when the next is not valid. A candidate may be shown beside
 * it, in the core's shadow slot.
 */
import manifest from "../../../package.json" with { type: "json" };
import type { Engine } from "../../core/engine.ts";
import { MerlonError } from "../../core/error.ts";
import type { HostPolicy } from "../../core/host-policy.ts";
import type { VerdictEvent } from "../../core/inspection.ts";
import type { Mode } from "../../core/verdict.ts";
import { applyReady, countedBy, policyInMode, type Ready, readyOf, withMode } from "../../policy/apply.ts";
import { type Bundle, BundleCompiler, compileBundle, imageOf } from "../../policy/bundle.ts";
import { Comparing } from "../../policy/follow/comparing.ts";
import { type Followed, Follower, type FollowOptions } from "../../policy/follow/follower.ts";
import { NodeIdentity } from "../../policy/follow/node-identity.ts";
import { TrafficCounts } from "../../policy/follow/traffic.ts";
import { imageWithMode } from "../../policy/image.ts";
import { namesNobodyKnows } from "../../policy/lint.ts";
import { openPlaces, type Place, placeOf } from "../../policy/places.ts";
import { type PolicyWatch, readPolicyFile, watchPolicyFile } from "../../policy/policy-file.ts";
import { defaultPolicy, type Policy } from "../../policy/schema.ts";
import type { PlaceLookup } from "../../policy/sources.ts";
import { Counting } from "../../policy/threshold/counting.ts";
import type { Change, ORIGINS, Report } from "../../policy/wire.ts";
import { workerExchange } from "./worker-counts.ts";

const LOOK_MS = 500;
const HITS_REPORTED_MAX = 64;
const PATH_CHARS_MAX = 100;

/** Where a policy comes from. */
export interface PolicySource {
  /** Path of the file; the built-in policy where there is none and no service. */
  readonly path: string | undefined;
  /** A mode that stands whatever the file and its console rules say. */
  readonly mode: Mode | undefined;
  /** The service that is followed instead of a file. */
  readonly service?: Omit<FollowOptions, "merlon"> | undefined;
  /** A policy file that is only shown: its answers are compared with those that are given. */
  readonly candidate?: string | undefined;
  /** Databases of countries and systems. */
  readonly databases?: readonly string[] | undefined;
}

/** Who else must hear of changes; called once the core has them. */
export interface PolicyUser {
  used?(ready: Ready): void;
  shown?(candidate: Uint8Array | null): void;
  /** A request that the candidate would have answered differently. */
  differs?(change: Change): void;
}

/** The policy in force. */
export class PolicyKeeper {
  readonly #engine: Engine;
  readonly #source: PolicySource;
  readonly #say: (line: string) => void;
  readonly #user: PolicyUser;
  readonly #places: PlaceLookup | null;
  readonly #compiler = new BundleCompiler();
  /** Counts for the policy's thresholds. */
  readonly counting = new Counting({ exchange: workerExchange() });
  #ready: Ready;
  #written: Policy;
  #watch: PolicyWatch | undefined;
  #follower: Follower | undefined;
  #identity: NodeIdentity | undefined;
  #comparing: Comparing | undefined;
  #candidate: Uint8Array | null = null;
  readonly #traffic = new TrafficCounts();
  /** What the host counts, for reports. */
  counters: () => Readonly<Record<string, number>> = () => ({});

  /** Where an address is, by the databases of the command line. */
  placeOf(address: string): Place {
    return placeOf(this.#places, address);
  }

  private constructor(
    engine: Engine,
    source: PolicySource,
    say: (line: string) => void,
    user: PolicyUser,
    places: PlaceLookup | null,
  ) {
    this.#engine = engine;
    this.#source = source;
    this.#say = say;
    this.#user = user;
    this.#places = places;
    this.#written = this.#inMode(defaultPolicy);
    this.#ready = this.#lastWord(compileBundle(defaultPolicy));
  }

  /**
   * Reads the policy and loads it into the core.
   * @param say takes lines for the operator, about later changes as well
   * @throws MerlonError MERLON_INPUT, MERLON_POLICY, MERLON_POLICY_VERSION, MERLON_TLS, MERLON_USAGE
   */
  static async open(
    engine: Engine,
    source: PolicySource,
    say: (line: string) => void,
    user: PolicyUser = {},
  ): Promise<PolicyKeeper> {
    const { path, candidate, service, databases = [] } = source;
    const file = path === undefined ? undefined : await readPolicyFile(path);
    const shown = candidate === undefined ? undefined : await readPolicyFile(candidate);
    const keeper = new PolicyKeeper(engine, source, say, user, await openPlaces(databases));
    if (file === undefined) applyReady(engine, keeper.#ready);
    else keeper.#loadWritten(keeper.#inMode(file.policy));
    if (path !== undefined && file !== undefined) keeper.#listen(path, file.text);
    if (shown !== undefined) keeper.#show(compileBundle(shown.policy), Number.POSITIVE_INFINITY);
    if (service !== undefined) await keeper.#follow(service);
    return keeper;
  }

  /** What is loaded, for hosts with more than one engine. */
  get ready(): Ready {
    return this.#ready;
  }

  /** The image that is only shown, for hosts with more than one engine. */
  get candidate(): Uint8Array | null {
    return this.#candidate;
  }

  /** The mode that counts where no scope says another. */
  get mode(): Mode {
    return this.#ready.mode;
  }

  /** What the host itself must do by the policy. */
  get host(): HostPolicy {
    return this.#ready.host;
  }

  /** Where the policy comes from, for people. */
  get origin(): string {
    const { path, service } = this.#source;
    const inForce = this.#follower?.inForce;
    if (service === undefined || inForce === undefined)
      return path === undefined ? "built-in policy" : `policy ${path}`;
    if (inForce.hash === null) return `built-in policy; ${service.url} has not answered yet`;
    const kept = inForce.source === "last_known_good" ? ", last known good" : "";
    return `version ${inForce.version} of ${service.url}${kept}`;
  }

  /** Where it comes from, as metrics say it. */
  get kind(): (typeof ORIGINS)[number] {
    return this.#follower?.inForce.source ?? (this.#source.path === undefined ? "builtin" : "live");
  }

  /** What came of the candidate; undefined without one. */
  get comparison(): Report["comparison"] | undefined {
    return this.#comparing?.result;
  }

  /** Takes notice of an inspection that is over. */
  observe(event: VerdictEvent): void {
    this.#traffic.add(event);
    const comparing = this.#comparing;
    if (comparing === undefined) return;
    if (Date.now() >= comparing.endsAt) {
      this.#show(null, 0);
      return;
    }
    const change = comparing.add(event);
    if (change !== undefined) this.#user.differs?.(change);
  }

  /** What is written, with the mode of the command line; the built-in policy where a service sends another. */
  get written(): Policy {
    return this.#written;
  }

  /** Takes what is written in the place of the core: it adds something, and puts both into force by `enforce`. */
  adder: ((written: Policy) => void) | null = null;

  /** Takes a policy that somebody wrote. @throws MerlonError MERLON_POLICY; the policy before then stays */
  take(policy: Policy): void {
    const own = this.#inMode(policy);
    if (this.adder === null) this.#loadWritten(own);
    else this.adder(own);
    this.#written = own;
  }

  /** Puts a policy into force as it is. @throws MerlonError MERLON_POLICY; the policy before then stays */
  enforce(policy: Policy): void {
    this.#use(readyOf(this.#compiler.compile(policy), this.#places));
  }

  /** Looks at the source now; resolves when what it has is in force or refused. */
  async check(): Promise<void> {
    await this.#watch?.check();
    await this.#follower?.check();
  }

  async close(): Promise<void> {
    this.counting.close();
    this.#watch?.close();
    await this.#follower?.close();
    await this.#identity?.close();
  }

  #listen(path: string, text: string): void {
    this.#watch = watchPolicyFile(
      path,
      text,
      { changed: (policy) => this.#change(path, policy), refused: (error) => this.#refuse(error) },
      LOOK_MS,
    );
  }

  #change(path: string, written: Policy): void {
    try {
      this.take(written);
    } catch (error) {
      this.#refuse(error instanceof MerlonError ? error : new MerlonError("MERLON_POLICY", "it cannot be compiled"));
      return;
    }
    this.#say(`policy ${path} is in force, mode ${this.mode}`);
  }

  #refuse(error: MerlonError): void {
    this.#say(`${error.message} (the policy before stays in force)`);
  }

  #inMode(policy: Policy): Policy {
    const { mode } = this.#source;
    return mode === undefined ? policy : policyInMode(policy, mode);
  }

  #loadWritten(policy: Policy): void {
    this.enforce(policy);
    this.#written = policy;
    for (const line of namesNobodyKnows(policy, this.#engine.signatures)) this.#say(line);
  }

  #load(bundle: Bundle): void {
    this.#use(this.#lastWord(bundle));
  }

  #use(given: Ready): void {
    const ready = countedBy(given, this.counting, this.#places);
    applyReady(this.#engine, ready);
    this.#user.used?.(ready);
    this.#ready = ready;
    this.#traffic.begin(ready.hash);
    if (ready.sources.namesPlaces && this.#places === null) {
      this.#say("lists name countries or systems, and there is no database of them: these entries have no effect");
    }
    const placed = ready.thresholds.filter(({ key }) => key.some(({ from }) => from === "country" || from === "asn"));
    if (placed.length > 0 && this.#places === null) {
      const names = placed.map(({ name }) => name).join(", ");
      this.#say(`thresholds count by country or system, and there is no database of them: ${names} counts nothing`);
    }
  }

  /** The policy, with the mode of the command line where it has one. */
  #lastWord(bundle: Bundle): Ready {
    const ready = readyOf(bundle, this.#places);
    const { mode } = this.#source;
    return mode === undefined ? ready : withMode(ready, mode);
  }

  async #follow(service: NonNullable<PolicySource["service"]>): Promise<void> {
    const host: Followed = {
      use: (bundle) => {
        this.#load(bundle);
        this.#say(`policy ${bundle.hash.slice(0, 12)} is in force, mode ${this.mode}`);
      },
      show: (candidate, endsAt) => this.#show(candidate, endsAt),
      observe: () => ({
        counters: this.counters(),
        hits: this.#ready.sources.hits(HITS_REPORTED_MAX).map(({ list, entry, hits }) => ({ list, entry, hits })),
        comparison: this.comparison ?? null,
        traffic: this.#traffic.counts,
      }),
      say: this.#say,
    };
    const { enrolment, url, caFile } = service;
    if (enrolment !== undefined) {
      const said = { url, caFile, say: this.#say };
      this.#identity = await NodeIdentity.open({ ...enrolment, ...said });
    }
    const identity = enrolment === undefined ? {} : { identity: () => this.#identity?.material };
    this.#follower = new Follower(host, { ...service, ...identity, merlon: manifest.version });
    await this.#follower.start();
  }

  #show(candidate: Bundle | null, endsAt: number): void {
    if (candidate === null) {
      this.#engine.clearPolicy("shadow");
      this.#comparing = undefined;
      this.#candidate = null;
      this.#user.shown?.(null);
      return;
    }
    const { mode } = this.#source;
    const image = mode === undefined ? imageOf(candidate) : imageWithMode(imageOf(candidate), mode);
    this.#engine.loadPolicy("shadow", image);
    this.#candidate = image;
    this.#user.shown?.(image);
    this.#comparing = new Comparing(candidate.hash, endsAt);
  }
}

/** @returns a line about a request that a candidate would have answered differently; escaped by who prints it */
export function changeLine({ at, method, host, path, findings, before, after, ref }: Change): string {
  const time = new Date(at).toISOString().slice(11, 19);
  return [
    time,
    `${before} → ${after}`,
    ref,
    `${method} ${host}${path}`.slice(0, PATH_CHARS_MAX),
    findings.join(" "),
  ].join("  ");
}
