/** What records have in common, in memory: it never changes, and every grouping needs it. */
import type { Database, Row } from "./database.ts";
import { queryIn } from "./rows.ts";

/** Kinds that are remembered; with more, all are forgotten and those that are asked for are read again. */
const KINDS_MAX = 200_000;
const COLUMNS = "id, app, host, path, node, policy, action, incident, hits, severity, look";

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
  /** Kinds of the same types, points, host and path have the same. */
  readonly look: string;
}

type Marks = Record<"type" | "point" | "stamp", string[]>;

/** The kinds of a database. */
export class Kinds {
  readonly #database: Database;
  #byId = new Map<number, Kind>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns those kinds, by their ids; one that was removed meanwhile is not among them */
  async of(ids: readonly number[]): Promise<ReadonlyMap<number, Kind>> {
    if (this.#byId.size > KINDS_MAX) this.#byId = new Map();
    const known = this.#byId;
    const missing = ids.filter((id) => !known.has(id));
    const rows = await queryIn(this.#database, `select ${COLUMNS} from kinds where id in (in)`, missing);
    const marks = await queryIn(
      this.#database,
      "select kind, field, value from kind_marks where field in ('type', 'point', 'stamp') and kind in (in)",
      missing,
    );
    const byKind = new Map<number, Marks>();
    for (const { kind, field, value } of marks) {
      const lists = byKind.get(Number(kind)) ?? { type: [], point: [], stamp: [] };
      if (field === "type" || field === "point" || field === "stamp") lists[field].push(String(value));
      byKind.set(Number(kind), lists);
    }
    for (const row of rows) known.set(Number(row["id"]), kindOf(row, byKind.get(Number(row["id"]))));
    const found = new Map<number, Kind>();
    for (const id of ids) {
      const kind = known.get(id);
      if (kind !== undefined) found.set(id, kind);
    }
    return found;
  }

  /** When records of each of these looks were first seen, milliseconds since 1970. */
  async firstOf(looks: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const sql = "select look, min(first_at) as first from kinds where look in (in) group by look";
    const rows = await queryIn(this.#database, sql, [...new Set(looks)]);
    return new Map(rows.map((row) => [String(row["look"]), Number(row["first"])]));
  }

  /** Forgets all, after some were removed. */
  forget(): void {
    this.#byId = new Map();
  }
}

function kindOf(row: Row, marks: Marks = { type: [], point: [], stamp: [] }): Kind {
  return {
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
    look: String(row["look"]),
  };
}
