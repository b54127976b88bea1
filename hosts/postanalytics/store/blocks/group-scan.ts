/**
 * Groups records in blocks, in two walks. The first finds which groups stand on the page: it keeps three numbers of
 * each. The second adds up what is shown of those few. Where the newest groups are asked for, the first walk goes from
 * the newest block back and ends when no older record can change which ones they are.
 */
import { ClientSet, GROUP_SEEN_MAX, type Group } from "../group-aggregate.ts";
import type { RowPicker } from "./filter.ts";
import { GroupTable } from "./group-table.ts";
import type { GroupQuestion, HeldBlock, NamedGroup, Sizes } from "./question.ts";
import type { Grouping, SmallTables } from "./small-tables.ts";

/** What makes the keys of rows. */
export interface Keys {
  readonly grouping: Grouping;
  /** The part of the key that is a client's, by the client's number; null where it is the number itself. */
  readonly subOf: Uint16Array | null;
  /** Whether the key has no part that is a client's. */
  readonly isSubless: boolean;
  readonly kinds: number;
  readonly subs: number;
}

/** A group on the page while it is added up. */
interface Shown {
  readonly place: number;
  readonly first: number;
  readonly last: number;
  readonly sub: number;
  readonly group: Omit<Group, "sub">;
  readonly clients: ClientSet;
}

/** @returns the groups of a page and one more where there are more; null where keys do not fit a number */
export function groups(
  question: GroupQuestion,
  blocks: readonly HeldBlock[],
  picker: RowPicker,
  tables: SmallTables,
  sizes: Sizes,
): readonly NamedGroup[] | null {
  const keys = keysOf(question, tables, sizes);
  const { grouping } = keys;
  if (grouping.findingValues.length * keys.kinds * keys.subs >= Number.MAX_SAFE_INTEGER) return null;
  const table = new GroupTable(question.gapMs, grouping.findingValues.length * keys.kinds * keys.subs);
  firstWalk(question, blocks, picker, keys, table);
  const ranked = table.top(question, (key, first) => tieOf(keys, tables, key, first));
  const shown = ranked.map((place): Shown => {
    const [finding, kind, sub] = partsOf(keys, table.keyOf(place));
    const [first, last] = [table.first[place] ?? 0, table.last[place] ?? 0];
    const empty = { records: 0, hits: 0, blocked: 0, incidents: 0, clients: 0 };
    const group = { finding, kind, ...empty, first, last: -1, newest: [0, 0, 0] as const, seen: [] };
    return { place, first, last, sub, group, clients: new ClientSet() };
  });
  secondWalk(question, blocks, picker, tables, keys, shown, table);
  return shown.map(({ group, sub, clients }) => {
    const written = keys.subOf === null ? (keys.isSubless ? 0 : sub) : (tables.countries[sub] ?? "");
    const key = (group.finding * keys.kinds + group.kind) * keys.subs + sub;
    return {
      group: { ...group, sub: written, clients: clients.size },
      findingValues: grouping.findingValues[group.finding] ?? [],
      kindValues: grouping.kindValues[group.kind] ?? [],
      tie: tieOf(keys, tables, key, group.first),
    };
  });
}

function keysOf({ fields }: GroupQuestion, tables: SmallTables, sizes: Sizes): Keys {
  const grouping = tables.grouping(fields);
  const kinds = grouping.kindValues.length;
  if (fields.includes("ip")) return { grouping, subOf: null, isSubless: false, kinds, subs: sizes.client };
  if (!fields.includes("country")) return { grouping, subOf: null, isSubless: true, kinds, subs: 1 };
  return { grouping, subOf: tables.countryOf, isSubless: false, kinds, subs: tables.countries.length };
}

function partsOf({ kinds, subs }: Keys, key: number): readonly [finding: number, kind: number, sub: number] {
  const pair = Math.floor(key / subs);
  return [Math.floor(pair / kinds), pair % kinds, key % subs];
}

/** As group-aggregate.ts has it: what orders groups that are equal otherwise. */
function tieOf(keys: Keys, tables: SmallTables, key: number, first: number): string {
  const [finding, kind, sub] = partsOf(keys, key);
  const { findingValues, kindValues } = keys.grouping;
  const names = `${JSON.stringify(findingValues[finding])} ${JSON.stringify(kindValues[kind])}`;
  const written = keys.subOf === null ? (keys.isSubless ? 0 : sub) : (tables.countries[sub] ?? "");
  return `${names} ${written} ${first}`;
}

function firstWalk(
  question: GroupQuestion,
  blocks: readonly HeldBlock[],
  picker: RowPicker,
  keys: Keys,
  table: GroupTable,
): void {
  let looked = 0;
  let isSettled = false;
  for (const [index, block] of blocks.entries()) {
    addBlock(block, picker.pick(block), keys, table);
    looked += block.columns.rows;
    const rest = blocks[index + 1]?.last;
    if (question.order !== "last" || rest === undefined) continue;
    if (isSettled) {
      // The page stands; what is still open is when its groups began.
      if (question.gapMs === 0 || table.isClosed(rest)) return;
    } else if (looked >= table.lookAgainAt) {
      table.lookAgainAt = 2 * looked;
      isSettled = table.settle(question, rest);
      if (isSettled && question.gapMs === 0) return;
    }
  }
}

function addBlock({ columns }: HeldBlock, rows: Uint32Array, keys: Keys, table: GroupTable): void {
  const { at, finding, kind, client, n } = columns;
  const { grouping, subOf, isSubless, kinds, subs } = keys;
  const { groupOfFinding, groupOfKind } = grouping;
  let [lastKey, lastPlace] = [-1, -1];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const who = client[row] ?? 0;
    const sub = isSubless ? 0 : subOf === null ? who : (subOf[who] ?? 0);
    const found = finding[row] ?? 0;
    const ofKind = groupOfKind[kind[row] ?? 0] ?? 0;
    const ofFinding = groupOfFinding[found] ?? 0;
    const time = at[row] ?? 0;
    const count = n[row] ?? 0;
    if (ofFinding >= 0) {
      const key = (ofFinding * kinds + ofKind) * subs + sub;
      // Rows of a group lie beside each other: see decodeBlock.
      if (key !== lastKey) {
        lastKey = key;
        lastPlace = table.find(key);
      }
      if (lastPlace >= 0) table.add(lastPlace, time, count);
      continue;
    }
    for (const one of grouping.groupsOf(found)) {
      const place = table.find((one * kinds + ofKind) * subs + sub);
      if (place >= 0) table.add(place, time, count);
    }
  }
}

function secondWalk(
  { gapMs, fields }: GroupQuestion,
  blocks: readonly HeldBlock[],
  picker: RowPicker,
  tables: SmallTables,
  keys: Keys,
  shown: readonly Shown[],
  table: GroupTable,
): void {
  if (shown.length === 0) return;
  const byKey = Map.groupBy(shown, ({ place }) => table.keyOf(place));
  const [kinds, subs] = [new Uint8Array(keys.kinds), new Uint8Array(keys.subs)];
  for (const { group, sub } of shown) {
    kinds[group.kind] = 1;
    subs[sub] = 1;
  }
  const isOneClient = fields.includes("ip");
  const [begin, end] =
    gapMs === 0
      ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      : [Math.min(...shown.map(({ first }) => first)), Math.max(...shown.map(({ last }) => last))];
  const { groupOfFinding, groupOfKind } = keys.grouping;
  for (const block of blocks) {
    if (block.last < begin || block.first > end) continue;
    const { finding, kind, client } = block.columns;
    const rows = picker.pick(block);
    let [lastKey, lastShown]: [number, readonly Shown[] | undefined] = [-1, undefined];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0;
      const who = client[row] ?? 0;
      const sub = keys.isSubless ? 0 : keys.subOf === null ? who : (keys.subOf[who] ?? 0);
      const ofKind = groupOfKind[kind[row] ?? 0] ?? 0;
      if (subs[sub] === 0 || kinds[ofKind] === 0) continue;
      const found = finding[row] ?? 0;
      const ofFinding = groupOfFinding[found] ?? 0;
      if (ofFinding >= 0) {
        const key = (ofFinding * keys.kinds + ofKind) * keys.subs + sub;
        if (key !== lastKey) [lastKey, lastShown] = [key, byKey.get(key)];
        if (lastShown !== undefined) grow(lastShown, block, row, tables, gapMs, isOneClient);
        continue;
      }
      for (const one of keys.grouping.groupsOf(found)) {
        const some = byKey.get((one * keys.kinds + ofKind) * keys.subs + sub);
        if (some !== undefined) grow(some, block, row, tables, gapMs, isOneClient);
      }
    }
  }
}

function grow(
  some: readonly Shown[],
  { columns }: HeldBlock,
  row: number,
  tables: SmallTables,
  gapMs: number,
  isOneClient: boolean,
): void {
  const time = columns.at[row] ?? 0;
  const shown = gapMs === 0 ? some[0] : some.find(({ first, last }) => time >= first && time <= last);
  if (shown === undefined) return;
  const { group, clients } = shown;
  const [found, kind, client] = [columns.finding[row] ?? 0, columns.kind[row] ?? 0, columns.client[row] ?? 0];
  const n = columns.n[row] ?? 0;
  group.records += n;
  group.hits += n * (tables.hits[found] ?? 0);
  group.blocked += n * (tables.blocked[kind] ?? 0);
  group.incidents += n * (tables.incidents[kind] ?? 0);
  if (time < group.first) group.first = time;
  if (time > group.last) {
    group.last = time;
    group.newest = [found, kind, client];
  }
  if (!isOneClient || clients.size === 0) clients.add(client);
  const { seen } = group;
  if (seen.length < GROUP_SEEN_MAX && !seen.some(([one]) => one === found)) seen.push([found, kind]);
}
