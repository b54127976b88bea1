/** One request under thresholds: what it counts for, whether that stops it, and what its record says of that. */
import type { Ending, Refusal, Standing, ThresholdWatch } from "../../core/threshold.ts";
import type { Match, RequestHead } from "../../core/verdict.ts";
import { secondsText } from "../duration.ts";
import type { PlaceLookup } from "../sources.ts";
import type { KeyStanding } from "./counter-table.ts";
import type { Counter } from "./counting.ts";
import { limitText } from "./description.ts";
import { type KeySource, keyOf, partOf, valueHash } from "./key.ts";
import { type Definition, thresholdStamp, typeOf } from "./threshold.ts";

const BITS = 32;
/** The severity of all that a policy asks for itself. */
const SEVERITY = 4;
const CWES: Readonly<Record<string, readonly string[]>> = {
  brute_force: ["CWE-307"],
  forced_browsing: ["CWE-425"],
  bola: ["CWE-639"],
};
const STOPPING: ReadonlySet<string> = new Set(["block", "deny"]);

/** What requests share. */
export interface WatchContext {
  /** In the order of their numbers. */
  readonly counters: readonly Counter[];
  readonly places: PlaceLookup | null;
  readonly secret: string;
  readonly now: () => number;
}

/** See `ThresholdWatch`. */
export class RequestWatch implements ThresholdWatch {
  readonly #context: WatchContext;
  readonly #head: RequestHead;
  readonly #findings: Match[] = [];
  /** Thresholds whose end is waited for, with the request's key. */
  readonly #open: { readonly counter: Counter; readonly key: string }[] = [];
  readonly #taken: [number, number] = [0, 0];
  /** Keys by their parts: thresholds mostly count by the same. */
  readonly #keys = new Map<string, string | undefined>();
  #enforced = false;
  #refusal: Refusal | null = null;

  constructor(context: WatchContext, head: RequestHead) {
    this.#context = context;
    this.#head = head;
  }

  get refusal(): Refusal | null {
    return this.#refusal;
  }

  get findings(): readonly Match[] {
    return this.#findings;
  }

  take(standing: Standing): void {
    const fresh = standing.counted.map((bits, half) => bits & ~(this.#taken[half] ?? 0));
    if (fresh.every((bits) => bits === 0) || standing.list === "allow") return;
    this.#taken[0] = standing.counted[0];
    this.#taken[1] = standing.counted[1];
    this.#enforced = standing.mode === "block" || standing.mode === "safe_blocking";
    for (const [number, counter] of this.#context.counters.entries()) {
      const bits = fresh[Math.floor(number / BITS)] ?? 0;
      if ((bits >>> (number % BITS)) & 1) this.#count(counter, standing);
    }
  }

  end({ status, stopped, matches }: Ending): void {
    const now = this.#context.now();
    for (const { counter, key } of this.#open) {
      const { definition, table, told } = counter;
      if (definition.kind === "multi_attack") {
        for (const stamp of new Set(matches.filter(({ counts }) => counts).map((match) => match.stamp))) {
          const value = valueHash(stamp, this.#context.secret);
          this.#reached(definition, table.note(key, now, value, this.#enforced));
        }
      } else if (!stopped && status === 0) told.unseen++;
      else if (!stopped && definition.statuses.includes(status)) {
        this.#reached(definition, table.note(key, now, 0, this.#enforced));
      }
    }
    this.#open.length = 0;
  }

  #count(counter: Counter, standing: Standing): void {
    const { places, secret, now } = this.#context;
    const { definition, table } = counter;
    const source = { head: this.#head, standing, places };
    const key = this.#keyOf(counter, source);
    if (key === undefined) return;
    let found: KeyStanding;
    if (definition.kind === "rate") found = table.take(key, now(), 0, this.#enforced);
    else {
      const value = definition.values === undefined ? undefined : partOf(definition.values, source);
      if (value === undefined) found = table.standing(key, now());
      else found = table.take(key, now(), valueHash(value, secret), this.#enforced);
      if (definition.kind !== "bola") this.#open.push({ counter, key });
    }
    if (found.waitMs > 0) this.#beyond(counter, found.waitMs);
  }

  #keyOf({ definition, parts }: Counter, source: KeySource): string | undefined {
    if (!this.#keys.has(parts)) this.#keys.set(parts, keyOf(definition.key, source, this.#context.secret));
    return this.#keys.get(parts);
  }

  /** The request is beyond a threshold. */
  #beyond({ definition, told }: Counter, waitMs: number): void {
    const { name, action, status, requests: quota, perSeconds: windowSeconds } = definition;
    const stops = STOPPING.has(action);
    this.#findings.push(findingOf(definition, stops, ""));
    if (!stops || !this.#enforced) {
      told.reported++;
      return;
    }
    told.refused++;
    const retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
    if (this.#refusal !== null && this.#refusal.retryAfter >= retryAfter) return;
    this.#refusal = { name, status, retryAfter, quota, windowSeconds };
  }

  /** The request was the last that a threshold lets pass. */
  #reached(definition: Definition, { tripped }: KeyStanding): void {
    if (!tripped) return;
    const { action, forSeconds } = definition;
    const time = forSeconds === 0 ? "until there are fewer" : `for ${secondsText(forSeconds)}`;
    const next = STOPPING.has(action) ? "the next ones are refused" : "the client is watched more closely";
    this.#findings.push(findingOf(definition, false, action === "report" ? "" : `; ${next} ${time}`));
  }
}

/** A finding that says which threshold, of what and by what; nothing that a client sent. */
function findingOf(definition: Definition, counts: boolean, next: string): Match {
  const { kind } = definition;
  return {
    type: typeOf(definition),
    stamp: thresholdStamp(definition),
    cwe: CWES[kind] ?? [],
    severity: SEVERITY,
    point: "uri",
    reason: `The policy's threshold ${definition.name} is reached: ${limitText(definition)}${next}`,
    counts,
    exception: 0,
    layers: [{ as: "raw", span: [0, 0], excerpt: new Uint8Array(0), excerptAt: 0 }],
  };
}
