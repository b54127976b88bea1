/** What records have in common, in memory: it is little, never changes, and every grouping needs it. */
import type { Database, Row } from "./database.ts";

/** Kinds are numbered in order, but replicas may commit a lower number after a higher one; so many are read again. */
const OVERLAP = 2_000;

/** A kind. */
export interface Kind {
  readonly id: number;
  readonly app: string;
  readonly host: string;
  /** Template of the path. */
  readonly path: string;
  readonly node: string;
  readonly policy: string;
  readonly blocked: boolean;
  readonly incident: boolean;
  readonly hits: number;
  readonly severity: number;
  readonly types: readonly string[];
  readonly points: readonly string[];
  readonly stamps: readonly string[];
  /** When a record of these types, points, host and path was first seen, milliseconds since 1970. */
  readonly firstAt: number;
}

/** All kinds of a database. */
export class Kinds {
  readonly #database: Database;
  readonly #byId = new Map<number, Kind>();
  /** When each combination of types, points, host and path was first seen. */
  readonly #first = new Map<string, number>();
  #reading: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Reads those that are new, and gives all. */
  async all(): Promise<ReadonlyMap<number, Kind>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#byId;
  }

  /** When the kind's combination of types, points, host and path was first seen. */
  firstOf(kind: Kind): number {
    return this.#first.get(lookOf(kind)) ?? kind.firstAt;
  }

  /** Forgets all, after some were removed. */
  forget(): void {
    this.#byId.clear();
    this.#first.clear();
  }

  async #read(): Promise<void> {
    let newest = 0;
    for (const id of this.#byId.keys()) if (id > newest) newest = id;
    const from = this.#database.dialect === "sqlite" ? newest : Math.max(0, newest - OVERLAP);
    const rows = await this.#database.query(
      `select id, app, host, path, node, policy, action, incident, hits, severity, first_at from kinds where id > ?`,
      [from],
    );
    if (rows.length === 0) return;
    const marks = await this.#database.query(
      "select kind, field, value from kind_marks where kind > ? and field in ('type', 'point', 'stamp')",
      [from],
    );
    const byKind = new Map<number, Record<"type" | "point" | "stamp", string[]>>();
    for (const { kind, field, value } of marks) {
      const lists = byKind.get(Number(kind)) ?? { type: [], point: [], stamp: [] };
      if (field === "type" || field === "point" || field === "stamp") lists[field].push(String(value));
      byKind.set(Number(kind), lists);
    }
    for (const row of rows) this.#add(row, byKind.get(Number(row["id"])));
  }

  #add(row: Row, marks: Record<"type" | "point" | "stamp", string[]> = { type: [], point: [], stamp: [] }): void {
    const kind: Kind = {
      id: Number(row["id"]),
      app: String(row["app"]),
      host: String(row["host"]),
      path: String(row["path"]),
      node: String(row["node"]),
      policy: String(row["policy"]),
      blocked: row["action"] === "blocked" || row["action"] === "partially_blocked",
      incident: Number(row["incident"]) !== 0,
      hits: Number(row["hits"]),
      severity: Number(row["severity"]),
      types: marks.type.sort(),
      points: marks.point.sort(),
      stamps: marks.stamp.sort(),
      firstAt: Number(row["first_at"]),
    };
    this.#byId.set(kind.id, kind);
    const look = lookOf(kind);
    this.#first.set(look, Math.min(kind.firstAt, this.#first.get(look) ?? kind.firstAt));
  }
}

function lookOf({ types, points, host, path }: Kind): string {
  return JSON.stringify([types, points, host, path]);
}
