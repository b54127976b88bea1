/**
 * The books: what each signature found in attacks and in harmless requests, set by set, and which attacks it alone
 * found. They answer two questions about a signature: what does it cost, and what would be missed without it.
 */
import { attackCode } from "../../hosts/cli/evaluation/attack-class.ts";
import type { LabelledRequest } from "../../hosts/cli/evaluation/labelled-file.ts";
import type { Engine } from "../../hosts/core/engine.ts";
import type { Match } from "../../hosts/core/verdict.ts";
import type { Audit } from "./sets.ts";

/** The built-in policy blocks from this severity on. */
export const BLOCKING_SEVERITY = 4;
const PEER = "203.0.113.9";

/** What the core found in one request. */
export interface Finding {
  readonly blocked: boolean;
  readonly matches: readonly Match[];
}

/** Requests in which one signature fired, by set. A request counts once, however often it did. */
export interface StampBook {
  /** Attacks. */
  readonly trueHits: Map<string, number>;
  /** Harmless requests. */
  readonly falseHits: Map<string, number>;
  /** Harmless requests in which it fired too weakly to block: what monitoring shows and nobody feels. */
  readonly quietHits: Map<string, number>;
  /** Attacks that no other signature would have blocked. */
  readonly soloHits: Map<string, number>;
}

/** One set's sums. Those that begin with `audited` leave out rows without an attack. */
export interface SetBook {
  attacks: number;
  caught: number;
  auditedAttacks: number;
  auditedCaught: number;
  benign: number;
  flagged: number;
  /** Identifiers of the harmless requests that were flagged, with the stamps that did it. */
  readonly flaggedRows: Map<string, readonly string[]>;
  /** Families of attacks, audited: requests and how many of them were caught. */
  readonly families: Map<string, { attacks: number; caught: number }>;
}

/** Shows one request to the core. */
export function look(engine: Engine, raw: Buffer): Finding {
  const transaction = engine.begin(PEER, 0);
  try {
    transaction.raw(raw);
    transaction.end();
    const { wouldAction, failed, matches } = transaction.verdict();
    if (failed) throw new Error("the core gave no answer");
    return { blocked: wouldAction === "block", matches };
  } finally {
    transaction.free();
  }
}

/** The books of one run. Rows with weak labels are in none of them: nobody knows which column they belong to. */
export class Books {
  readonly stamps = new Map<string, StampBook>();
  readonly sets = new Map<string, SetBook>();
  readonly #audit: Audit;

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  add(request: LabelledRequest, { blocked, matches }: Finding): void {
    if (request.weak) return;
    const { set, attack } = request;
    const book = this.#setBook(set);
    const blocking = stampsOf(matches.filter(({ severity }) => severity >= BLOCKING_SEVERITY));
    if (attack) this.#countAttack(book, request, blocked);
    else this.#countBenign(book, request, blocked, blocking);
    for (const stamp of blocking) {
      const { trueHits, falseHits, soloHits } = this.#stampBook(stamp);
      increment(attack ? trueHits : falseHits, set);
      if (attack && blocking.length === 1) increment(soloHits, set);
    }
    if (attack) return;
    for (const stamp of stampsOf(matches)) {
      if (!blocking.includes(stamp)) increment(this.#stampBook(stamp).quietHits, set);
    }
  }

  #countAttack(book: SetBook, { id, className, family }: LabelledRequest, blocked: boolean): void {
    book.attacks++;
    if (blocked) book.caught++;
    if (this.#audit.has(id)) return;
    book.auditedAttacks++;
    if (blocked) book.auditedCaught++;
    const key = `${attackCode(className)} ${family}`;
    const count = book.families.get(key) ?? { attacks: 0, caught: 0 };
    book.families.set(key, count);
    count.attacks++;
    if (blocked) count.caught++;
  }

  #countBenign(book: SetBook, { id }: LabelledRequest, blocked: boolean, stamps: readonly string[]): void {
    book.benign++;
    if (!blocked) return;
    book.flagged++;
    book.flaggedRows.set(id, stamps);
  }

  #setBook(set: string): SetBook {
    const known = this.sets.get(set);
    if (known !== undefined) return known;
    const sums = { attacks: 0, caught: 0, auditedAttacks: 0, auditedCaught: 0, benign: 0, flagged: 0 };
    const book = { ...sums, flaggedRows: new Map(), families: new Map() };
    this.sets.set(set, book);
    return book;
  }

  #stampBook(stamp: string): StampBook {
    const known = this.stamps.get(stamp);
    if (known !== undefined) return known;
    const book = { trueHits: new Map(), falseHits: new Map(), quietHits: new Map(), soloHits: new Map() };
    this.stamps.set(stamp, book);
    return book;
  }
}

/** @returns the mean over families of the share that was caught: a family of thousands weighs as much as one of two */
export function macroRecall({ families }: SetBook): number {
  const shares = [...families.values()].map(({ attacks, caught }) => caught / attacks);
  return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** @returns the sum of a book's counts over all sets */
export function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, number) => sum + number, 0);
}

function stampsOf(matches: readonly Match[]): string[] {
  return [...new Set(matches.map(({ stamp }) => stamp))];
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
