/**
 * Groups records in blocks. Where groups can only be few, all are added up; else it takes two walks: the first finds
 * which groups stand on the page and keeps three numbers of each, the second adds up what is shown of those few. Where
 * the newest groups are asked for, the first walk goes from the newest block back and ends when no older record can
 * change which ones they are.
 */
import type { Group } from "../group-aggregate.ts";
import { FewGroups } from "./few-groups.ts";
import type { RowPicker } from "./filter.ts";
import { GroupTable } from "./group-table.ts";
import { type PageGroup, PageSums } from "./page-sums.ts";
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
  const allKeys = grouping.findingValues.length * keys.kinds * keys.subs;
  if (allKeys >= Number.MAX_SAFE_INTEGER) return null;
  if (question.gapMs === 0 && FewGroups.areFew(allKeys, sizes.client)) {
    return fewGroups(question, blocks, picker, tables, keys, new FewGroups(allKeys, sizes.client));
  }
  const table = new GroupTable(question.gapMs, allKeys);
  const tie = (key: number, first: number): string => tieOf(keys, tables, key, first);
  firstWalk(question, blocks, picker, keys, table, tie);
  const page = table.top(question, tie).map((place) => {
    return { key: table.keyOf(place), first: table.first[place] ?? 0, last: table.last[place] ?? 0 };
  });
  const sums = new PageSums(tables, page, allKeys, question.gapMs > 0);
  secondWalk(question, blocks, picker, keys, page, sums);
  return page.map(({ key }, place) => nameGroup(keys, tables, key, sums.sumsOf(place)));
}

function fewGroups(
  { order, limit, after }: GroupQuestion,
  blocks: readonly HeldBlock[],
  picker: RowPicker,
  tables: SmallTables,
  keys: Keys,
  few: FewGroups,
): readonly NamedGroup[] {
  for (const block of blocks) few.add(block, picker.pick(block), keys, tables);
  const tie = (key: number): string => tieOf(keys, tables, key, few.valueOf(key, "first"));
  const isAfter = (value: number, key: number): boolean =>
    after === null || value < after[0] || (value === after[0] && tie(key) < after[1]);
  return [...few.keys()]
    .filter((key) => isAfter(few.valueOf(key, order), key))
    .sort((a, b) => few.valueOf(b, order) - few.valueOf(a, order) || (tie(a) > tie(b) ? -1 : 1))
    .slice(0, limit + 1)
    .map((key) => nameGroup(keys, tables, key, few.sumsOf(key)));
}

function nameGroup(
  keys: Keys,
  tables: SmallTables,
  key: number,
  sums: Omit<Group, "finding" | "kind" | "sub">,
): NamedGroup {
  const [finding, kind, sub] = partsOf(keys, key);
  return {
    group: { finding, kind, sub: writtenSub(keys, tables, sub), ...sums },
    findingValues: keys.grouping.findingValues[finding] ?? [],
    kindValues: keys.grouping.kindValues[kind] ?? [],
    tie: tieOf(keys, tables, key, sums.first),
  };
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
  return `${names} ${writtenSub(keys, tables, sub)} ${first}`;
}

function writtenSub({ subOf, isSubless }: Keys, tables: SmallTables, sub: number): number | string {
  if (isSubless) return 0;
  return subOf === null ? sub : (tables.countries[sub] ?? "");
}

function firstWalk(
  question: GroupQuestion,
  blocks: readonly HeldBlock[],
  picker: RowPicker,
  keys: Keys,
  table: GroupTable,
  tie: (key: number, first: number) => string,
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
      isSettled = table.settle(question, rest, tie);
      if (isSettled && question.gapMs === 0) return;
    }
  }
}

function addBlock({ columns }: HeldBlock, rows: Uint32Array, keys: Keys, table: GroupTable): void {
  const { at, finding, kind, client, n } = columns;
  const { grouping, subOf, isSubless, kinds, subs } = keys;
  const { groupOfFinding, groupOfKind, severalStart, severalList } = grouping;
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
    const several = severalStart[found] ?? 0;
    for (let left = severalList[several] ?? 0; left > 0; left--) {
      const one = severalList[several + left] ?? 0;
      const place = table.find((one * kinds + ofKind) * subs + sub);
      if (place >= 0) table.add(place, time, count);
    }
  }
}

function secondWalk(
  { gapMs }: GroupQuestion,
  blocks: readonly HeldBlock[],
  picker: RowPicker,
  keys: Keys,
  page: readonly PageGroup[],
  sums: PageSums,
): void {
  if (page.length === 0) return;
  const begin = gapMs === 0 ? Number.NEGATIVE_INFINITY : Math.min(...page.map(({ first }) => first));
  const end = gapMs === 0 ? Number.POSITIVE_INFINITY : Math.max(...page.map(({ last }) => last));
  const wanted = wantedOf(keys, page);
  for (const block of blocks) {
    if (block.last < begin || block.first > end) continue;
    addToPage(block, picker.pick(block), keys, wanted, sums);
  }
}

/** Which groups of kinds, and which of clients, occur on the page; most records are passed over by these. */
interface Wanted {
  readonly kinds: Uint8Array;
  readonly subs: Uint8Array;
}

function wantedOf(keys: Keys, page: readonly PageGroup[]): Wanted {
  const wanted = { kinds: new Uint8Array(keys.kinds), subs: new Uint8Array(keys.subs) };
  for (const { key } of page) {
    const [, kind, sub] = partsOf(keys, key);
    wanted.kinds[kind] = 1;
    wanted.subs[sub] = 1;
  }
  return wanted;
}

function addToPage({ columns }: HeldBlock, rows: Uint32Array, keys: Keys, wanted: Wanted, sums: PageSums): void {
  const { finding, kind, client } = columns;
  const { grouping, subOf, isSubless, kinds, subs } = keys;
  const { groupOfFinding, groupOfKind, severalStart, severalList } = grouping;
  const [wantedKinds, wantedSubs] = [wanted.kinds, wanted.subs];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const who = client[row] ?? 0;
    const sub = isSubless ? 0 : subOf === null ? who : (subOf[who] ?? 0);
    const ofKind = groupOfKind[kind[row] ?? 0] ?? 0;
    if (wantedSubs[sub] === 0 || wantedKinds[ofKind] === 0) continue;
    const found = finding[row] ?? 0;
    const ofFinding = groupOfFinding[found] ?? 0;
    if (ofFinding >= 0) {
      const head = sums.find((ofFinding * kinds + ofKind) * subs + sub);
      if (head >= 0) sums.add(head, columns, row);
      continue;
    }
    const several = severalStart[found] ?? 0;
    for (let left = severalList[several] ?? 0; left > 0; left--) {
      const one = severalList[several + left] ?? 0;
      const head = sums.find((one * kinds + ofKind) * subs + sub);
      if (head >= 0) sums.add(head, columns, row);
    }
  }
}
