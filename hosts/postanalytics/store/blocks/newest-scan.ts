/** The newest records that pass: blocks are walked from the newest one back, until no older one can add any. */
import type { RowPicker } from "./filter.ts";
import type { HeldBlock, NewestQuestion, RowNumbers } from "./question.ts";

/** Rows that are collected beyond the limit before they are sorted and cut. */
const SLACK = 4_096;

/**
 * @param blocks those with the newest records first
 * @returns at least `limit` records below `before`, the newest, and all of that very moment and of the oldest one that
 * is told, since only their ids order those; fewer where there are no more
 */
export function newest(
  { limit, before }: NewestQuestion,
  blocks: Iterable<HeldBlock>,
  picker: RowPicker,
): readonly RowNumbers[] {
  let found: RowNumbers[] = [];
  let least = Number.NEGATIVE_INFINITY;
  const cut = (): void => {
    found.sort((a, b) => b[0] - a[0]);
    // Rows of the moment at which the list goes on may have been shown already, so they do not count.
    const shown = before === null ? 0 : found.filter(([at]) => at === before).length;
    least = found[shown + limit - 1]?.[0] ?? least;
    found = found.filter(([at]) => at >= least);
  };
  for (const block of blocks) {
    if (block.last < least) break;
    const { at, finding, kind, client, path, n } = block.columns;
    for (const row of picker.pick(block)) {
      const time = at[row] ?? 0;
      if (time < least || (before !== null && time > before)) continue;
      const numbers = [finding[row], kind[row], client[row], path[row], n[row]].map((number) => number ?? 0);
      const [finds = 0, is = 0, who = 0, where = 0, counts = 0] = numbers;
      found.push([time, finds, is, who, where, counts]);
      if (found.length > limit + SLACK) cut();
    }
    cut();
  }
  return found;
}
