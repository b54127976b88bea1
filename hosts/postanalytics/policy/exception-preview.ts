/**
 * What an exception would change in stored records: they are read page by page and held against it, so that the counts
 * are of what was stored and not of a guess. Bounded in records and time; the answer says whether it saw all of them.
 */

import { fitsRequest, ignoredStamps, type RequestPlace } from "../../policy/coverage.ts";
import type { Exception } from "../../policy/exception.ts";
import type { AttackRecord, Hit } from "../../records/record.ts";
import type { RecordStore, Search } from "../store/store.ts";

/** A record in one line. */
export interface RecordBrief {
  readonly id: string;
  readonly ref: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ip: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly types: string[];
  readonly payload: string;
}

/** What would change; the counts include what sampling left out. */
export interface ExceptionEffect {
  readonly examined: number;
  readonly complete: boolean;
  readonly touched: number;
  readonly released: number;
  readonly hits: number;
  readonly clients: number;
  readonly byStamp: { readonly stamp: string; readonly count: number }[];
  readonly untouchedOnRoute: number;
  readonly trueAttacks: RecordBrief[];
  readonly examples: RecordBrief[];
}

const PAGE_SIZE = 500;
const PAGES_MAX = 400;
const SHOWN_MAX = 20;
const STAMPS_MAX = 64;
/** Clients are counted exactly up to here. */
const CLIENTS_MAX = 100_000;

/** @returns a record in one line */
export function briefOf(record: AttackRecord): RecordBrief {
  const { id, ref, ts, client, request, hits } = record;
  return {
    ...{ id, ref, at: Date.parse(ts), ip: client.ip },
    ...{ method: request.method, host: request.host, path: request.path },
    types: [...new Set(hits.map(({ type }) => type))],
    payload: hits[0]?.payload ?? "",
  };
}

/** Where a record's request went. */
export function placeOf({ request: { method, host, path } }: AttackRecord): RequestPlace {
  return { method, host, path };
}

/** What an exception takes out of one record: nothing, some findings, or all that count. */
export function judge(
  exception: Exception,
  record: AttackRecord,
): { readonly hits: readonly Hit[]; readonly stamps: readonly string[]; readonly releases: boolean } {
  const place = placeOf(record);
  const counting = record.hits.filter(({ decision }) => decision === "would_block");
  const taken = counting.map((hit) => {
    return { hit, stamps: ignoredStamps(exception, { type: hit.type, stamps: hit.stamps, point: hit.point_s }, place) };
  });
  const touched = taken.filter(({ stamps }) => stamps.length > 0);
  return {
    hits: touched.map(({ hit }) => hit),
    stamps: touched.flatMap(({ stamps }) => stamps),
    releases: touched.length > 0 && taken.every(({ hit, stamps }) => stamps.length === hit.stamps.length),
  };
}

class Tally {
  readonly #exception: Exception;
  readonly #clients = new Set<string>();
  readonly #byStamp = new Map<string, number>();
  readonly #examples: RecordBrief[] = [];
  readonly #trueAttacks: RecordBrief[] = [];
  examined = 0;
  #touched = 0;
  #released = 0;
  #hits = 0;
  #untouchedOnRoute = 0;

  constructor(exception: Exception) {
    this.#exception = exception;
  }

  add(record: AttackRecord): void {
    const count = record.sampled.count_since_last;
    this.examined += count;
    const { hits, stamps, releases } = judge(this.#exception, record);
    if (hits.length === 0) {
      if (fitsRequest(this.#exception.match, placeOf(record))) this.#untouchedOnRoute += count;
      return;
    }
    this.#touched += count;
    this.#hits += hits.length * count;
    if (this.#clients.size < CLIENTS_MAX) this.#clients.add(record.client.ip);
    for (const stamp of stamps) {
      if (this.#byStamp.size >= STAMPS_MAX && !this.#byStamp.has(stamp)) continue;
      this.#byStamp.set(stamp, (this.#byStamp.get(stamp) ?? 0) + count);
    }
    if (!releases) return;
    this.#released += count;
    if (this.#examples.length < SHOWN_MAX) this.#examples.push(briefOf(record));
    const isAttack = record.labels?.verdict === "true_attack";
    if (isAttack && this.#trueAttacks.length < SHOWN_MAX) this.#trueAttacks.push(briefOf(record));
  }

  effect(complete: boolean): ExceptionEffect {
    const byStamp = [...this.#byStamp].map(([stamp, count]) => ({ stamp, count }));
    return {
      ...{ examined: this.examined, complete, touched: this.#touched, released: this.#released, hits: this.#hits },
      clients: this.#clients.size,
      byStamp: byStamp.sort((a, b) => b.count - a.count),
      untouchedOnRoute: this.#untouchedOnRoute,
      trueAttacks: this.#trueAttacks,
      examples: this.#examples,
    };
  }
}

/**
 * Reads records, newest first, until the window's end or a bound.
 * @param each called with every record
 * @param deadline milliseconds since 1970 after which no further page is read
 * @returns whether all were read
 */
export async function scanRecords(
  store: Pick<RecordStore, "records">,
  search: Search,
  each: (record: AttackRecord) => void,
  deadline: number,
  now: () => number = Date.now,
): Promise<boolean> {
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX && now() < deadline; page++) {
    const part: Awaited<ReturnType<RecordStore["records"]>> = await store.records(search, PAGE_SIZE, cursor);
    for (const record of part.items) each(record);
    if (part.next === null) return true;
    cursor = part.next;
  }
  return false;
}

/** @returns what an exception would change; @throws MerlonError MERLON_STORE */
export async function previewException(
  store: Pick<RecordStore, "records">,
  search: Search,
  exception: Exception,
  deadline: number,
  now: () => number = Date.now,
): Promise<ExceptionEffect> {
  const tally = new Tally(exception);
  const complete = await scanRecords(store, search, (record) => tally.add(record), deadline, now);
  return tally.effect(complete);
}
