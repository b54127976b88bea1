/** Counts over time and the largest values of fields, in one walk through blocks. */
import type { GroupField } from "../store.ts";
import type { RowPicker } from "./filter.ts";
import type { CountQuestion, HeldBlock, Sizes, TallyAnswer, TallyQuestion } from "./question.ts";
import { type SmallTables, valuesOfFinding } from "./small-tables.ts";

type Counted = readonly [value: string, count: number];

/** Sums by the numbers of small tables. */
interface Sums {
  readonly findings: Float64Array;
  readonly kinds: Float64Array;
  readonly clients: Float64Array;
}

/** @returns how many records, with what sampling left out */
export function countRecords(_question: CountQuestion, blocks: Iterable<HeldBlock>, picker: RowPicker): number {
  let sum = 0;
  for (const block of blocks) {
    const { n } = block.columns;
    for (const row of picker.pick(block)) sum += n[row] ?? 0;
  }
  return sum;
}

/** @param from where the first bucket begins, milliseconds since 1970 */
export function tally(
  question: TallyQuestion,
  blocks: Iterable<HeldBlock>,
  picker: RowPicker,
  tables: SmallTables,
  sizes: Sizes,
  from: number,
): TallyAnswer {
  const { bucketMs, buckets } = question;
  const sums: Sums = {
    findings: new Float64Array(sizes.finding),
    kinds: new Float64Array(sizes.kind),
    clients: new Float64Array(sizes.client),
  };
  const [records, blocked] = [new Float64Array(buckets), new Float64Array(buckets)];
  for (const block of blocks) addBlock(block, picker.pick(block), tables, sums, { records, blocked, from, bucketMs });
  const totals = { records: 0, hits: 0, blocked: 0, clients: 0 };
  sums.findings.forEach((n, id) => {
    totals.hits += n * (tables.hits[id] ?? 0);
  });
  sums.kinds.forEach((n, id) => {
    totals.records += n;
    totals.blocked += n * (tables.blocked[id] ?? 0);
  });
  for (const n of sums.clients) if (n > 0) totals.clients++;
  const top = question.top.map((field) => [field, largest(sums, tables, field, question.values)] as const);
  const series = [...records].map((n, bucket) => [n, blocked[bucket] ?? 0] as const);
  return { series, totals, top: Object.fromEntries(top) };
}

function addBlock(
  { columns }: HeldBlock,
  rows: Uint32Array,
  tables: SmallTables,
  sums: Sums,
  series: { records: Float64Array; blocked: Float64Array; from: number; bucketMs: number },
): void {
  const { at, finding, kind, client, n } = columns;
  const { findings, kinds, clients } = sums;
  const isBlocked = tables.blocked;
  const { records, blocked, from, bucketMs } = series;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const count = n[row] ?? 0;
    const of = kind[row] ?? 0;
    const bucket = Math.floor(((at[row] ?? 0) - from) / bucketMs);
    records[bucket] = (records[bucket] ?? 0) + count;
    blocked[bucket] = (blocked[bucket] ?? 0) + count * (isBlocked[of] ?? 0);
    const found = finding[row] ?? 0;
    findings[found] = (findings[found] ?? 0) + count;
    kinds[of] = (kinds[of] ?? 0) + count;
    const who = client[row] ?? 0;
    clients[who] = (clients[who] ?? 0) + count;
  }
}

function largest(sums: Sums, tables: SmallTables, field: GroupField, most: number): Counted[] {
  if (field === "ip") return largestClients(sums.clients, most);
  const counts = new Map<string, number>();
  const add = (value: string, n: number): unknown => counts.set(value, (counts.get(value) ?? 0) + n);
  if (field === "country") {
    sums.clients.forEach((n, id) => {
      if (n > 0) add(tables.countries[tables.countryOf[id] ?? 0] ?? "", n);
    });
  } else if (field === "type" || field === "point" || field === "stamp") {
    sums.findings.forEach((n, id) => {
      const finding = n > 0 ? tables.findings[id] : undefined;
      for (const value of finding === undefined ? [] : valuesOfFinding(finding, field)) add(value, n);
    });
  } else {
    sums.kinds.forEach((n, id) => {
      const kind = n > 0 ? tables.kinds[id] : undefined;
      if (kind !== undefined) add(kind[field], n);
    });
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, most);
}

/** Those with most records, without sorting all of them. */
function largestClients(clients: Float64Array, most: number): Counted[] {
  const top: [id: number, n: number][] = [];
  clients.forEach((n, id) => {
    const least = top.length < most ? 0 : (top.at(-1)?.[1] ?? 0);
    if (n <= least) return;
    let place = top.length;
    while (place > 0 && (top[place - 1]?.[1] ?? 0) < n) place--;
    top.splice(place, 0, [id, n]);
    top.length = Math.min(top.length, most);
  });
  return top.map(([id, n]) => [String(id), n]);
}
