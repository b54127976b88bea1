/** The ledger as tables for a terminal and as one object for programs. */
import { type Column, count, layOut, percent } from "../../hosts/cli/text.ts";
import { macroRecall, type SetBook, type StampBook, sumOf } from "./books.ts";
import type { EmbeddingCount, Outcome } from "./run.ts";
import { rate, type SiteStatistics, statisticsOf } from "./sites.ts";

const right = (title: string): Column => ({ title, right: true });
const SETS: readonly Column[] = [
  { title: "set" },
  ...["attacks", "caught", "TPR", "audited", "TPR audited", "macro", "benign", "flagged", "FPR"].map(right),
];
const STAMPS: readonly Column[] = [{ title: "stamp" }, ...["true", "solo", "false", "quiet"].map(right)];
const SITES: readonly Column[] = [
  { title: "sites" },
  ...["sites", "effective", "benign", "flagged", "FPR", "FPR ≤ 95 %", "with any", "any ≤ 95 %"].map(right),
  { title: "worst site" },
];
const EMBEDDED: readonly Column[] = [{ title: "embedded" }, ...["attacks", "caught", "share"].map(right)];

/** @returns the tables, one below the other */
export function tablesOf({ books, captured, merged, embedding }: Outcome): string {
  const sets = sorted(books.sets).filter(([, { attacks, benign }]) => attacks + benign > 0);
  const stamps = sorted(books.stamps);
  return [
    layOut(
      SETS,
      sets.map(([name, book]) => setRow(name, book)),
    ),
    layOut(
      STAMPS,
      stamps.map(([name, book]) => stampRow(name, book)),
    ),
    falseHits(stamps),
    layOut(SITES, [
      siteRow("captured", statisticsOf(captured.all())),
      siteRow("captured and ours", statisticsOf(merged.all())),
    ]),
    layOut(EMBEDDED, [...sorted(embedding.byClass), ...sorted(embedding.byShape)].map(embeddingRow)),
  ].join("\n");
}

/** @returns what `--json` prints */
export function objectOf({ books, captured, merged, embedding }: Outcome): unknown {
  return {
    sets: sorted(books.sets).map(([set, { flaggedRows, families, ...sums }]) => ({
      set,
      ...sums,
      families: families.size,
      macroRecall: macroRecall({ flaggedRows, families, ...sums }),
      flaggedRows: Object.fromEntries(flaggedRows),
    })),
    stamps: sorted(books.stamps).map(([stamp, { trueHits, soloHits, falseHits, quietHits }]) => ({
      stamp,
      trueHits: Object.fromEntries(trueHits),
      soloHits: Object.fromEntries(soloHits),
      falseHits: Object.fromEntries(falseHits),
      quietHits: Object.fromEntries(quietHits),
    })),
    sites: { captured: statisticsOf(captured.all()), merged: statisticsOf(merged.all()) },
    embedding: {
      byClass: Object.fromEntries(embedding.byClass),
      byShape: Object.fromEntries(embedding.byShape),
    },
  };
}

function setRow(name: string, book: SetBook): string[] {
  const { attacks, caught, auditedAttacks, auditedCaught, benign, flagged, families } = book;
  return [
    name,
    count(attacks),
    count(caught),
    percent(caught, attacks),
    count(auditedAttacks),
    percent(auditedCaught, auditedAttacks),
    families.size === 0 ? "–" : percent(macroRecall(book), 1),
    count(benign),
    count(flagged),
    percent(flagged, benign, 3),
  ];
}

function stampRow(name: string, { trueHits, soloHits, falseHits, quietHits }: StampBook): string[] {
  return [name, ...[trueHits, soloHits, falseHits, quietHits].map((hits) => count(sumOf(hits)))];
}

function falseHits(stamps: readonly [string, StampBook][]): string {
  const lines = stamps.flatMap(([name, { falseHits: hits }]) => {
    if (hits.size === 0) return [];
    return `  ${name}: ${[...hits].map(([set, number]) => `${set} ${number}`).join(", ")}\n`;
  });
  return `false hits by set\n${lines.join("") || "  none\n"}`;
}

function siteRow(name: string, statistics: SiteStatistics): string[] {
  const { sites, effectiveSites, benign, flagged, bootstrapUpper, flaggedSites, flaggedSitesUpper, worst } = statistics;
  return [
    name,
    count(sites),
    count(Math.round(effectiveSites)),
    count(benign),
    count(flagged),
    percent(flagged, benign, 3),
    percent(bootstrapUpper, 1, 3),
    count(flaggedSites),
    percent(flaggedSitesUpper, 1),
    worst === null ? "–" : `${percent(rate(worst), 1)} of ${count(worst.benign)}`,
  ];
}

function embeddingRow([name, { attacks, caught }]: readonly [string, EmbeddingCount]): string[] {
  return [name, count(attacks), count(caught), percent(caught, attacks)];
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
