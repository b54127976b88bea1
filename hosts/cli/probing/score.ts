/** The score of a run: how many attacks were blocked and harmless texts passed, per type, place and encoding. */
import { type Column, layOut, percent, showBytes } from "../text.ts";
import { ENCODINGS, type Encoding } from "./encoding.ts";
import { PLACEMENTS, type Placement } from "./placement.ts";
import type { Outcome } from "./sender.ts";

const TEXT_CHARS_MAX = 90;

/** One probe that was sent. */
export interface Probe {
  readonly type: string;
  readonly attack: boolean;
  readonly placement: Placement;
  readonly encoding: Encoding;
  readonly text: string;
}

/** Attacks and harmless texts of one kind. */
export interface Count {
  attacks: number;
  blocked: number;
  harmless: number;
  passed: number;
}

/** What `--json` prints. */
export interface ScoreReport extends Count {
  readonly failed: number;
  /** Per cent of attacks blocked, and of harmless texts passed. */
  readonly score: { readonly blocked: number; readonly passed: number };
  readonly byType: Readonly<Record<string, Count>>;
  readonly byPlacement: Readonly<Record<string, Count>>;
  readonly byEncoding: Readonly<Record<string, Count>>;
  readonly missed: readonly Probe[];
}

const DIMENSIONS = ["type", "placement", "encoding"] as const;

/** The books of a run. */
export class Score {
  failed = 0;
  readonly #total = emptyCount();
  readonly #counts = {
    type: new Map<string, Count>(),
    placement: new Map<string, Count>(),
    encoding: new Map<string, Count>(),
  };
  readonly #missed: Probe[] = [];

  add(probe: Probe, outcome: Outcome): void {
    if (outcome === "failed") {
      this.failed++;
      return;
    }
    const right = probe.attack === (outcome === "blocked");
    this.#tally(this.#total, probe, right);
    for (const dimension of DIMENSIONS) {
      const counts = this.#counts[dimension];
      const known = counts.get(probe[dimension]) ?? emptyCount();
      counts.set(probe[dimension], known);
      this.#tally(known, probe, right);
    }
    if (!right) this.#missed.push(probe);
  }

  /** Whether every attack was blocked, every harmless text passed, and everything was answered. */
  get isClean(): boolean {
    return this.#missed.length === 0 && this.failed === 0;
  }

  report(): ScoreReport {
    const { attacks, blocked, harmless, passed } = this.#total;
    return {
      ...this.#total,
      failed: this.failed,
      score: { blocked: share(blocked, attacks), passed: share(passed, harmless) },
      byType: inOrder(this.#counts.type, [...this.#counts.type.keys()].sort()),
      byPlacement: inOrder(this.#counts.placement, PLACEMENTS),
      byEncoding: inOrder(this.#counts.encoding, ENCODINGS),
      missed: this.#missed.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
    };
  }

  #tally(count: Count, { attack }: Probe, right: boolean): void {
    count[attack ? "attacks" : "harmless"]++;
    if (right) count[attack ? "blocked" : "passed"]++;
  }
}

/** Probes end in any order; reports of equal runs are equal. */
function inOrder(counts: ReadonlyMap<string, Count>, names: readonly string[]): Record<string, Count> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const known = counts.get(name);
      return known === undefined ? [] : [[name, known]];
    }),
  );
}

function sortKey({ attack, type, placement, encoding, text }: Probe): string {
  const place = String(PLACEMENTS.indexOf(placement)).padStart(2, "0");
  return [attack ? 0 : 1, type, place, ENCODINGS.indexOf(encoding), text].join(" ");
}

function emptyCount(): Count {
  return { attacks: 0, blocked: 0, harmless: 0, passed: 0 };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.round((10_000 * part) / whole) / 100;
}

/** A report as tables. @param shown how many probes that went wrong are listed */
export function scoreText(report: ScoreReport, shown: number): string {
  const tables = [
    table("type", report.byType),
    table("placement", report.byPlacement),
    table("encoding", report.byEncoding),
  ];
  const { attacks, blocked, harmless, passed, failed, missed } = report;
  const lines = missed.slice(0, shown).map(({ attack, type, placement, encoding, text }) => {
    const what = attack ? "passed " : "blocked";
    return `  ${what}  ${type} ${placement} ${encoding}  ${showBytes(Buffer.from(text), TEXT_CHARS_MAX)}\n`;
  });
  const rest = missed.length - lines.length;
  return [
    tables.join("\n"),
    lines.length === 0 ? "" : `\nwrong\n${lines.join("")}${rest === 0 ? "" : `  and ${rest} more\n`}`,
    `\nblocked ${percent(blocked, attacks)} of ${attacks} attacks, `,
    `passed ${percent(passed, harmless)} of ${harmless} harmless requests\n`,
    failed === 0 ? "" : `${failed} requests had no answer and are not counted\n`,
  ].join("");
}

function table(title: string, counts: Readonly<Record<string, Count>>): string {
  const right = (name: string): Column => ({ title: name, right: true });
  const columns = [
    { title },
    right("attacks"),
    right("blocked"),
    right("%"),
    right("harmless"),
    right("passed"),
    right("%"),
  ];
  const rows = Object.entries(counts).map(([name, { attacks, blocked, harmless, passed }]) => [
    name,
    String(attacks),
    String(blocked),
    percent(blocked, attacks, 1),
    String(harmless),
    String(passed),
    percent(passed, harmless, 1),
  ]);
  return layOut(columns, rows);
}
