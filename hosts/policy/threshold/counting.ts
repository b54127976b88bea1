/**
 * Counts for all thresholds of a host. A new policy keeps the counts of thresholds that count the same as before. All
 * times are of a clock that never goes back.
 */
import { randomBytes } from "node:crypto";
import type { ThresholdGate } from "../../core/threshold.ts";
import { CLIENT_LISTS, type RequestHead } from "../../core/verdict.ts";
import type { PlaceLookup } from "../sources.ts";
import { CounterTable } from "./counter-table.ts";
import { COUNTS_TOLD_MAX, type CountExchange, type Counts } from "./exchange.ts";
import { clientKey } from "./key.ts";
import { type Definition, keyPartText } from "./threshold.ts";
import { RequestWatch } from "./watch.ts";

/** Keys and values that one process remembers, all thresholds together: about 35 MiB. */
export const ROOM_MAX = 131_072;
/** So often the others are told. */
const TELL_MS = 100;

/** A threshold with its counts. */
export interface Counter {
  readonly definition: Definition;
  /** Its key's parts as text: equal for equal keys. */
  readonly parts: string;
  readonly table: CounterTable;
  readonly told: Told;
}

/** What a threshold did. */
export interface Told {
  /** Requests that it stopped. */
  refused: number;
  /** Requests beyond it that it let pass: it only reports, or the mode only watches. */
  reported: number;
  /** Requests whose answers it should count and was not shown. */
  unseen: number;
}

/** How a threshold stands, for metrics. */
export interface CounterStatus extends Readonly<Told> {
  readonly name: string;
  readonly keys: number;
  readonly held: number;
  readonly dropped: number;
}

/** What counting needs. */
export interface CountingOptions {
  /** Milliseconds. */
  readonly now?: () => number;
  readonly exchange?: CountExchange | null;
  /** Keys and values that are remembered. */
  readonly roomMax?: number;
}

/** The counts of one host. */
export class Counting {
  readonly #now: () => number;
  readonly #secret: string;
  readonly #exchange: CountExchange | null;
  readonly #roomMax: number;
  readonly #stop: () => void;
  readonly #timer: NodeJS.Timeout | null;
  #counters: readonly Counter[] = [];
  #pending = new Map<string, Counts[number]>();

  constructor({ now = () => performance.now(), exchange = null, roomMax = ROOM_MAX }: CountingOptions = {}) {
    this.#now = now;
    this.#exchange = exchange;
    this.#roomMax = roomMax;
    this.#secret = exchange?.secret ?? randomBytes(16).toString("base64url");
    this.#stop = exchange?.listen((counts) => this.absorb(counts)) ?? ((): void => {});
    this.#timer = exchange === null ? null : setInterval(() => this.flush(), TELL_MS).unref();
  }

  /**
   * Takes the thresholds of a new policy.
   * @returns what inspections under this policy ask
   */
  use(definitions: readonly Definition[], places: PlaceLookup | null): ThresholdGate {
    const room = Math.floor(this.#roomMax / Math.max(1, definitions.length));
    const known = new Map(this.#counters.map((counter) => [counter.definition.id, counter]));
    const counters = definitions.map((definition): Counter => {
      const before = known.get(definition.id);
      // What is done beyond it may have changed: only how long a key stays refused is part of the counts.
      if (before?.definition.forSeconds === definition.forSeconds) return { ...before, definition };
      const parts = definition.key.map(keyPartText).join(" ");
      return {
        definition,
        parts,
        table: this.#tableOf(definition, room),
        told: { refused: 0, reported: 0, unseen: 0 },
      };
    });
    this.#counters = counters;
    return this.#gateOf(counters, places);
  }

  /** How each threshold stands. */
  get status(): CounterStatus[] {
    return this.#counters.map(({ definition, table, told }) => {
      const { size: keys, heldSize: held, dropped } = table;
      return { name: definition.name, keys, held, dropped, ...told };
    });
  }

  /** Adds what others counted. */
  absorb(counts: Counts): void {
    const now = this.#now();
    const tables = new Map(this.#counters.map(({ definition, table }) => [definition.id, table]));
    for (const [id, key, value, enforced, amount] of counts) tables.get(id)?.absorb(key, now, value, enforced, amount);
  }

  /** Tells the others what was counted since. */
  flush(): void {
    if (this.#exchange === null || this.#pending.size === 0) return;
    if (this.#exchange.tell([...this.#pending.values()])) this.#pending = new Map();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.flush();
    this.#stop();
  }

  #tableOf({ id, kind, requests, perSeconds, burst, forSeconds }: Definition, room: number): CounterTable {
    const distinct = kind === "bola" || kind === "multi_attack";
    const shape = { most: requests, perMs: perSeconds * 1000, burst, holdMs: forSeconds * 1000, distinct };
    return new CounterTable(shape, room, (key, value, enforced) => this.#note(id, key, value, enforced));
  }

  #note(id: string, key: string, value: number, enforced: boolean): void {
    if (this.#exchange === null) return;
    const name = `${id} ${key} ${value} ${enforced}`;
    const known = this.#pending.get(name);
    if (known !== undefined) known[4]++;
    else if (this.#pending.size < COUNTS_TOLD_MAX) this.#pending.set(name, [id, key, value, enforced, 1]);
  }

  #gateOf(counters: readonly Counter[], places: PlaceLookup | null): ThresholdGate {
    const listing = counters.filter(({ definition: { action } }) => action === "deny" || action === "gray");
    const secret = this.#secret;
    return {
      lists: listing.length > 0,
      watch: (head: RequestHead) => new RequestWatch({ counters, places, secret, now: this.#now }, head),
      listOf: (high, low) => {
        let list = 0;
        let key: string | undefined;
        for (const { definition, table } of listing) {
          if (table.heldSize === 0) continue;
          key ??= clientKey(high, low, secret);
          if (!table.isHeld(key, this.#now())) continue;
          if (definition.action === "deny") return CLIENT_LISTS.indexOf("deny");
          list = CLIENT_LISTS.indexOf("gray");
        }
        return list;
      },
    };
  }
}
