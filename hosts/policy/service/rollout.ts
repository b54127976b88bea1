/**
 * The way of a new version to all hosts, where it is tried first: shown beside the policy that decides, then, where
 * canaries are asked for, in force on these alone, with the policy of before beside it; published when nothing speaks
 * against it, and taken back at once when something does. Nobody but the canaries ever gets a version that is not
 * published.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MerlonError } from "../../core/error.ts";
import type { Bundle } from "../bundle.ts";
import type { Policy } from "../schema.ts";
import type { Comparison, RolloutState, Traffic } from "../wire.ts";
import { chooseCanaries, keyOf } from "./canary.ts";
import type { Instances } from "./instances.ts";
import { addCounts, type Counts, type Difference, harmOf, NO_TRAFFIC, REQUESTS_LEAST, worseThan } from "./judging.ts";
import { type Staged, type StageLimits, sumOf } from "./staging.ts";

const LOOK_MS = 250;
/** Hosts show a candidate a little longer than it is judged. */
const SLACK_MS = 5000;
/** A trial without enough requests goes on for so many times its length, and not for ever. */
const TRIAL_TIMES_MOST = 10;
/** Hosts that try nothing report every ten seconds: so long there may be nothing to compare errors and times with. */
const REST_MS = 15_000;
const WHY_CHARS_MAX = 500;
const NAMES_SHOWN_MAX = 100;

/** What a rollout needs of the service that it is part of. */
export interface RolloutStage {
  readonly instances: Instances;
  readonly nowMs: () => number;
  /** Compiles the policy with what commands have added. @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION */
  readonly make: (policy: Policy) => Promise<Bundle>;
  /** Publishes to all. */
  readonly publish: (policy: Policy) => Promise<unknown>;
  /** What counts now. */
  readonly current: () => Bundle | undefined;
  /** Names what counts anew for everyone. */
  readonly point: () => void;
  /** Takes down what became of a version. */
  readonly note: (state: RolloutState) => void;
}

/** What an operator may say of a version that is tried. */
export type Word = "promote" | "withdraw";

/** One version on its way. */
export class Rollout {
  readonly policy: Policy;
  readonly #stage: RolloutStage;
  readonly #limits: StageLimits;
  readonly #ending = new AbortController();
  /** Of the candidate; more than one where commands have changed objects meanwhile. */
  readonly #hashes: string[] = [];
  readonly #before: string[] = [];
  #bundle: Bundle | undefined;
  #phase: "shown" | "trial" = "shown";
  #phaseAt: number;
  #endsAt: number;
  #canaries: ReadonlySet<string> = new Set();
  /** What hosts had counted when the trial began: the others under the policy before, canaries under this one. */
  #countedBefore = new Map<string, Counts>();
  #word: { readonly word: Word; readonly by: string } | undefined;
  #state: RolloutState | undefined;

  constructor(stage: RolloutStage, policy: Policy, limits: StageLimits) {
    this.#stage = stage;
    this.policy = policy;
    this.#limits = limits;
    this.#phaseAt = stage.nowMs();
    this.#endsAt = this.#phaseAt + limits.stageMs;
  }

  /** A newer version takes its place. */
  supersede(): void {
    this.#ending.abort();
  }

  /** Takes an operator's decision. */
  say(word: Word, by: string): void {
    this.#word ??= { word, by };
  }

  /** An operator lets in what was held or taken back. */
  overrule(by: string): void {
    if (this.#state === undefined) return;
    this.#state = { ...this.#state, stage: "published", by };
    this.#stage.note(this.#state);
  }

  get isOver(): boolean {
    return this.#state !== undefined;
  }

  /** The version, compiled, while it is tried. */
  get bundle(): Bundle | undefined {
    return this.isOver ? undefined : this.#bundle;
  }

  /** Hash of the version that is in force on canaries; "" where none is. */
  get tried(): string {
    return this.#phase === "trial" ? (this.bundle?.hash ?? "") : "";
  }

  /** What a host gets beside or instead of the policy that counts. */
  roleOf(key: string): "none" | "shown" | "trial" {
    if (this.bundle === undefined) return "none";
    if (this.#canaries.size === 0) return "shown";
    return this.#canaries.has(key) ? this.#phase : "none";
  }

  /** Millisecond until which hosts compare. */
  get comparesUntil(): number {
    return this.#endsAt + (this.#phase === "trial" ? this.#trialMs * (TRIAL_TIMES_MOST - 1) : 0) + SLACK_MS;
  }

  /** What a host goes back after, if it hears nothing more. */
  get trialForMs(): number {
    return this.#trialMs * TRIAL_TIMES_MOST + SLACK_MS;
  }

  get #trialMs(): number {
    return this.#limits.stageMs;
  }

  /** Takes the version compiled, again where commands have changed objects: canaries get them as well. */
  remember(bundle: Bundle): void {
    this.#bundle = bundle;
    this.#hashes.push(bundle.hash);
    const before = this.#stage.current()?.hash;
    if (before !== undefined && !this.#before.includes(before)) this.#before.push(before);
  }

  /** Compiles the version and chooses who has it first. @throws MerlonError where it is of no use */
  async prepare(): Promise<string> {
    const bundle = await this.#stage.make(this.policy);
    this.remember(bundle);
    this.#canaries = this.#choose(bundle.hash);
    this.#phaseAt = this.#stage.nowMs();
    this.#endsAt = this.#phaseAt + this.#limits.stageMs;
    return bundle.hash;
  }

  /** @returns what became of it; @throws MerlonError where it cannot be published */
  async run(): Promise<Staged> {
    const shown = await this.#until(() => harmOf(this.#differenceShown(), this.#limits.shareMax));
    if (this.#ending.signal.aborted) return this.#end("superseded", "");
    if (shown !== "") return this.#end("held", shown);
    if (this.#limits.canary === undefined || this.#word?.word === "promote") return await this.#publish();
    // Hosts may have come or gone since.
    const alive = new Set(this.#hosts().map(keyOf));
    const left = [...this.#canaries].filter((key) => alive.has(key));
    this.#canaries = left.length > 0 ? new Set(left) : this.#choose(this.#hashes[0] ?? "");
    if (this.#canaries.size === 0) return await this.#publish();
    return await this.#try();
  }

  async #try(): Promise<Staged> {
    this.#phase = "trial";
    this.#phaseAt = this.#stage.nowMs();
    this.#endsAt = this.#phaseAt + this.#trialMs;
    this.#countedBefore = new Map([
      ...this.#counted(this.#own(), this.#hashes),
      ...this.#counted(this.#others(), this.#before),
    ]);
    this.#stage.point();
    const wrong = await this.#until(() => this.#wrongInTrial());
    if (this.#ending.signal.aborted) return this.#end("superseded", "");
    return wrong === "" ? await this.#publish() : this.#end("rolled_back", wrong);
  }

  /** Looks until the phase is over. @returns why it ends badly; "" where it does not */
  async #until(look: () => string): Promise<string> {
    const most = this.#endsAt + this.#trialMs * (TRIAL_TIMES_MOST - 1);
    for (;;) {
      const wrong = this.#word === undefined ? look() : "";
      if (wrong !== "" || this.#ending.signal.aborted) return wrong;
      if (this.#word?.word === "withdraw") return "an operator took it back";
      if (this.#word !== undefined) return "";
      const now = this.#stage.nowMs();
      if (now >= this.#endsAt && (this.#phase === "shown" || now >= most || this.#hasSeenEnough())) return "";
      await sleep(LOOK_MS);
    }
  }

  /** A trial in which nothing happened shows nothing. */
  #hasSeenEnough(): boolean {
    return this.#differenceTried().requests >= REQUESTS_LEAST && this.#knowsRest();
  }

  /** What goes wrong everywhere at once is no fault of the canaries' version: the others' reports are waited for. */
  #knowsRest(): boolean {
    const others = this.#others();
    if (others.length === 0 || this.#stage.nowMs() - this.#phaseAt >= REST_MS) return true;
    return this.#since(others, this.#before).clean >= REQUESTS_LEAST;
  }

  #hosts(): Instances["present"] {
    return this.#stage.instances.present;
  }

  #choose(seed: string): ReadonlySet<string> {
    const { canary } = this.#limits;
    if (canary === undefined) return new Set();
    const current = this.#stage.current()?.hash;
    // Envoy's filter is given one policy and compares nothing.
    const able = this.#hosts().filter(({ report }) => report.kind !== "wasm");
    const ready = able.filter(({ report }) => report.policy.hash === current);
    return chooseCanaries(ready, canary, seed);
  }

  #own(): Instances["present"] {
    return this.#hosts().filter((host) => this.#canaries.has(keyOf(host)));
  }

  #comparisons(): Comparison[] {
    const hosts = this.#canaries.size === 0 ? this.#hosts() : this.#own();
    const wanted = this.#phase === "shown" ? this.#hashes : this.#before;
    return hosts.flatMap(({ report: { comparison } }) =>
      comparison !== null && wanted.includes(comparison.hash) ? [comparison] : [],
    );
  }

  #differenceShown(): Difference {
    const all = this.#comparisons();
    const { requests, wouldBlock } = sumOf(all);
    const stopped = Math.max(0, ...all.map(({ clients }) => clients?.wouldBlock ?? 0));
    return { requests, added: wouldBlock, clients: clientsOf(all), stopped };
  }

  /** On canaries the policy of before is the one that is shown: what it would let pass is what this one stops. */
  #differenceTried(): Difference {
    const all = this.#comparisons();
    const { requests, wouldPass } = sumOf(all);
    const stopped = Math.max(0, ...all.map(({ clients }) => clients?.wouldPass ?? 0));
    return { requests, added: wouldPass, clients: clientsOf(all), stopped };
  }

  #wrongInTrial(): string {
    const own = this.#own();
    for (const { node, report } of own) {
      const { refused } = report;
      if (refused !== null && this.#hashes.includes(refused.hash)) return `${node} cannot take it: ${refused.why}`;
    }
    const harm = harmOf(this.#differenceTried(), this.#limits.shareMax);
    if (harm !== "") return harm;
    if (!this.#knowsRest()) return "";
    const before = sumOfTraffic(own, this.#before);
    return worseThan(this.#since(own, this.#hashes), before, this.#since(this.#others(), this.#before));
  }

  /** What hosts have counted since the trial began. */
  #since(hosts: Instances["present"], hashes: readonly string[]): Counts {
    return this.#counted(hosts, hashes)
      .map(([key, counts]) => addCounts(counts, this.#countedBefore.get(key) ?? NO_TRAFFIC, -1))
      .reduce((sum, one) => addCounts(sum, one), NO_TRAFFIC);
  }

  #others(): Instances["present"] {
    return this.#hosts().filter((host) => !this.#canaries.has(keyOf(host)));
  }

  #counted(hosts: Instances["present"], hashes: readonly string[]): [key: string, counts: Counts][] {
    return hosts.map((host) => [keyOf(host), sumOfTraffic([host], hashes)]);
  }

  async #publish(): Promise<Staged> {
    const { by = "service" } = this.#word ?? {};
    const found = this.#found();
    try {
      await this.#stage.publish(this.policy);
    } catch (error) {
      // Canaries must not keep what nobody else will get.
      this.#end("rolled_back", error instanceof MerlonError ? error.message : "it cannot be published", by, found);
      throw error;
    }
    return this.#end("published", "", by, found);
  }

  #found(): Omit<Staged, "outcome" | "why"> {
    const found = sumOf(this.#comparisons());
    if (this.#phase === "shown") return found;
    // Seen from the canary: what it stops is what the policy of before would let pass.
    const turned = this.#comparisons().flatMap(({ changes }) => changes.filter(({ before }) => before === "block"));
    return {
      requests: found.requests,
      wouldBlock: found.wouldPass,
      wouldPass: found.wouldBlock,
      changes: turned.slice(-5).map((change) => ({ ...change, before: change.after, after: change.before })),
    };
  }

  #end(outcome: Staged["outcome"], why: string, by = this.#word?.by ?? "service", found = this.#found()): Staged {
    const state = this.#stateAs(outcome, found);
    this.#state = { ...state, why: why.slice(0, WHY_CHARS_MAX), by };
    this.#stage.point();
    this.#stage.note(this.#state);
    return { ...found, outcome, why };
  }

  #stateAs(stage: RolloutState["stage"], found: Omit<Staged, "outcome" | "why">): RolloutState {
    const { requests, wouldBlock, wouldPass } = found;
    return {
      ...{ stage, hash: this.#hashes[0] ?? "", at: this.#phaseAt },
      canaries: [...this.#canaries].slice(0, NAMES_SHOWN_MAX),
      ...{ requests, wouldBlock, wouldPass, why: "", by: "service" },
    };
  }

  /** How far it has come; null before it is compiled. */
  get state(): RolloutState | null {
    if (this.#state !== undefined) return this.#state;
    return this.#bundle === undefined ? null : this.#stateAs(this.#phase, this.#found());
  }
}

function clientsOf(comparisons: readonly Comparison[]): number {
  // The same client may come to several hosts: what one of them has seen is not less than the truth.
  return Math.max(0, ...comparisons.map(({ clients }) => clients?.seen ?? 0));
}

function sumOfTraffic(hosts: Instances["present"], hashes: readonly string[]): Counts {
  const all = hosts.flatMap(({ report }) => report.traffic ?? []);
  const wanted: Traffic[] = all.filter(({ hash }) => hashes.includes(hash));
  return wanted.reduce<Counts>((sum, one) => addCounts(sum, one), NO_TRAFFIC);
}
