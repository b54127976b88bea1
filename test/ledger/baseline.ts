/**
 * The figures that are committed, and what counts as worse. A change that flags more harmless requests or misses more
 * attacks than it says fails; one that means to, says so by committing new figures.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../tools/component.ts";
import { type Books, sumOf } from "./books.ts";

/** Where the figures lie. */
export const BASELINE_PATH: string = join(ROOT, "test/data/ledger/baseline.json");

/** A set's detection rate may fall by this share of its attacks, or by one attack where it has fewer. */
export const TPR_MARGIN = 0.001;

const counts = z.record(z.string(), z.number().int().nonnegative());
const setSchema = z.object({
  attacks: z.number().int(),
  caught: z.number().int(),
  benign: z.number().int(),
  flagged: z.number().int(),
});
const schema = z.object({
  sets: z.record(z.string(), setSchema),
  stamps: z.record(z.string(), z.object({ caught: z.number().int(), solo: z.number().int(), falseHits: counts })),
});

/** Sums of sets, and of each signature its hits. */
export type Baseline = z.infer<typeof schema>;

/** @returns the committed figures */
export function readBaseline(path = BASELINE_PATH): Baseline {
  return schema.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** Commits figures. Lines are sorted, so that a difference shows what changed and nothing else. */
export function writeBaseline(baseline: Baseline, path = BASELINE_PATH): void {
  const lines = (record: Readonly<Record<string, unknown>>): string =>
    Object.entries(record)
      .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(",\n");
  const text = `{\n  "sets": {\n${lines(baseline.sets)}\n  },\n  "stamps": {\n${lines(baseline.stamps)}\n  }\n}\n`;
  writeFileSync(path, text);
}

/** @returns the figures of a run */
export function baselineOf({ sets, stamps }: Books): Baseline {
  const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    sets: Object.fromEntries(
      sorted(sets)
        .filter(([, { attacks, benign }]) => attacks + benign > 0)
        .map(([name, { attacks, caught, benign, flagged }]) => [name, { attacks, caught, benign, flagged }]),
    ),
    stamps: Object.fromEntries(
      sorted(stamps).map(([name, { trueHits, soloHits, falseHits }]) => [
        name,
        { caught: sumOf(trueHits), solo: sumOf(soloHits), falseHits: Object.fromEntries(sorted(falseHits)) },
      ]),
    ),
  };
}

/**
 * Compares a run with the committed figures, on the sets that both have, whole.
 * @returns a sentence for each thing that is worse; empty if nothing is
 */
export function findWorse(committed: Baseline, current: Baseline): string[] {
  const shared = Object.keys(committed.sets).filter((set) => {
    const [before, now] = [committed.sets[set], current.sets[set]];
    return before?.attacks === now?.attacks && before?.benign === now?.benign;
  });
  const falls = shared.flatMap((set) => {
    const [before, now] = [committed.sets[set], current.sets[set]];
    if (before === undefined || now === undefined) return [];
    const allowed = Math.max(1, Math.floor(before.attacks * TPR_MARGIN));
    const lost = before.caught - now.caught;
    return lost > allowed ? [`${set}: ${lost} attacks fewer are caught, ${allowed} would be tolerated`] : [];
  });
  const [before, now] = [falseHitsOf(committed, shared), falseHitsOf(current, shared)];
  const [total, totalNow] = [sumOf(before), sumOf(now)];
  if (totalNow <= total) return falls;
  const guilty = [...now].filter(([stamp, hits]) => hits > (before.get(stamp) ?? 0));
  const names = guilty.map(([stamp, hits]) => `${stamp} ${before.get(stamp) ?? 0} → ${hits}`).join(", ");
  return [...falls, `false hits rose from ${total} to ${totalNow}: ${names}`];
}

function falseHitsOf({ stamps }: Baseline, sets: readonly string[]): Map<string, number> {
  return new Map(
    Object.entries(stamps).map(([stamp, { falseHits }]) => [
      stamp,
      sets.reduce((sum, set) => sum + (falseHits[set] ?? 0), 0),
    ]),
  );
}
