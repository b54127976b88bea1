/**
 * The audit log: who changed what, when, from where, with what outcome, and the fields before and after. Entries are
 * only ever added; what is older than the retention goes. Secrets never get here: fields that could hold one are named
 * and not shown.
 */
import { createUlidSource } from "../../core/ulid.ts";
import type { Database, Row } from "../store/database.ts";
import type { Page } from "../store/store.ts";
import { numberOf, textOf } from "./tables.ts";

/** What became of what was asked: changed, refused by a right or a rule, failed on the way. */
export const OUTCOMES = ["done", "refused", "failed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One field that changed; null where it was or is not there. */
export interface FieldChange {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What is told of one call. */
export interface AuditFact {
  readonly who: string;
  /** Address of the connection's other end. */
  readonly from: string;
  /** Name of the operation. */
  readonly action: string;
  /** What it was about. */
  readonly object: string;
  readonly outcome: Outcome;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** An entry. */
export interface AuditEntry {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly who: string;
  readonly from: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: Outcome;
  readonly changes: readonly FieldChange[];
}

/** What to list. */
export interface AuditSearch {
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const RETENTION_MS = 180 * 86_400_000;
/** Entries between two looks for what is too old. */
const PRUNE_EVERY = 256;
const FIELDS_MAX = 64;
const DEPTH_MAX = 6;
const VALUE_CHARS_MAX = 512;
const OBJECT_CHARS_MAX = 256;
const SECRET = /password|secret|token|bearer|credential|(?:^|[._])(?:key|ca)$/i;
/** Slack's addresses are secrets themselves. */
const SECRET_VALUE = /^https:\/\/hooks\./i;

/** The log of a database. */
export class Audit {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #nextId: () => string;
  #added = 0;

  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
    this.#nextId = createUlidSource(now);
  }

  async add(fact: AuditFact): Promise<void> {
    const now = this.#now();
    const changes = JSON.stringify(changesBetween(fact.before, fact.after));
    await this.#database.query(
      `INSERT INTO console_audit (id, at, who, from_address, action, object, outcome, changes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        ...[this.#nextId(), now, fact.who.slice(0, OBJECT_CHARS_MAX), fact.from, fact.action],
        ...[fact.object.slice(0, OBJECT_CHARS_MAX), fact.outcome, changes],
      ],
    );
    if (this.#added++ % PRUNE_EVERY === 0) {
      await this.#database.query("DELETE FROM console_audit WHERE at < ?", [now - RETENTION_MS]);
    }
  }

  /** Newest first. */
  async list({ who, action, limit, cursor }: AuditSearch): Promise<Page<AuditEntry>> {
    const conditions: [string, string | undefined][] = [
      ["who = ?", who],
      ["action = ?", action],
      ["id < ?", cursor],
    ];
    const used = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
    const where = used.length === 0 ? "" : ` WHERE ${used.map(({ sql }) => sql).join(" AND ")}`;
    const rows = await this.#database.query(`SELECT * FROM console_audit${where} ORDER BY id DESC LIMIT ?`, [
      ...used.map(({ value }) => value),
      limit + 1,
    ]);
    const items = rows.slice(0, limit).map(entryOf);
    return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }
}

/** @returns the fields in which two values differ, at most FIELDS_MAX, secrets hidden */
export function changesBetween(before: unknown, after: unknown): readonly FieldChange[] {
  const [left, right] = [flatten(before), flatten(after)];
  const fields = [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
  return fields.slice(0, FIELDS_MAX).map((field) => ({
    field,
    before: shown(field, left.get(field)),
    after: shown(field, right.get(field)),
  }));
}

function shown(field: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (SECRET.test(field) || SECRET_VALUE.test(value)) return "(hidden)";
  return value.length > VALUE_CHARS_MAX ? `${value.slice(0, VALUE_CHARS_MAX)}…` : value;
}

function flatten(value: unknown): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const walk = (at: string, one: unknown, depth: number): void => {
    if (one === undefined || fields.size >= FIELDS_MAX * 4) return;
    const isObject = typeof one === "object" && one !== null;
    // An object without fields is something only as the value of a field.
    const isTree = isObject && depth < DEPTH_MAX && (Object.keys(one).length > 0 || at === "");
    if (!isTree) fields.set(at || "value", typeof one === "string" ? one : JSON.stringify(one));
    else for (const [key, inner] of Object.entries(one)) walk(at === "" ? key : `${at}.${key}`, inner, depth + 1);
  };
  walk("", value, 0);
  return fields;
}

function entryOf(row: Row): AuditEntry {
  const changes: readonly FieldChange[] = JSON.parse(textOf(row, "changes"));
  return {
    id: textOf(row, "id"),
    at: numberOf(row, "at"),
    who: textOf(row, "who"),
    from: textOf(row, "from_address"),
    action: textOf(row, "action"),
    object: textOf(row, "object"),
    outcome: OUTCOMES.find((one) => one === row["outcome"]) ?? "failed",
    changes,
  };
}
