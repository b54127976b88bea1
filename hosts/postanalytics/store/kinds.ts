/** What records have in common, in memory: it never changes, and every grouping needs it. */
import type { Database } from "./database.ts";
import { lookOf, type Mark } from "./record-columns.ts";
import { queryIn } from "./rows.ts";

/** Rows that are remembered of each sort; with more, all are forgotten, and read again when they are asked for. */
const ROWS_MAX = 200_000;

/** Where records went and what was done. */
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
}

/** What was found in records. */
export interface Finding {
  readonly id: number;
  readonly hits: number;
  readonly severity: number;
  readonly types: readonly string[];
  readonly points: readonly string[];
  readonly stamps: readonly string[];
}

/** The kinds and findings of a database. */
export class Kinds {
  readonly #database: Database;
  #kinds = new Map<number, Kind>();
  #findings = new Map<number, Finding>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns those kinds, by their ids; one that was removed meanwhile is not among them */
  async kinds(ids: readonly number[]): Promise<ReadonlyMap<number, Kind>> {
    if (this.#kinds.size > ROWS_MAX) this.#kinds = new Map();
    const known = this.#kinds;
    const missing = [...new Set(ids)].filter((id) => !known.has(id));
    const columns = "id, app, host, path, node, policy, action, incident";
    for (const row of await queryIn(this.#database, `select ${columns} from kinds where id in (in)`, missing)) {
      known.set(Number(row["id"]), {
        id: Number(row["id"]),
        app: String(row["app"]),
        host: String(row["host"]),
        path: String(row["path"]),
        node: String(row["node"]),
        policy: String(row["policy"]),
        blocked: row["action"] === "blocked" || row["action"] === "partially_blocked",
        incident: Number(row["incident"]) !== 0,
      });
    }
    return pick(known, ids);
  }

  /** @returns those findings, by their ids */
  async findings(ids: readonly number[]): Promise<ReadonlyMap<number, Finding>> {
    if (this.#findings.size > ROWS_MAX) this.#findings = new Map();
    const known = this.#findings;
    const missing = [...new Set(ids)].filter((id) => !known.has(id));
    const rows = await queryIn(this.#database, "select id, hits, severity from findings where id in (in)", missing);
    const marks = await queryIn(
      this.#database,
      "select finding, field, value from finding_marks where field in ('type', 'point', 'stamp') and finding in (in)",
      missing,
    );
    const values = (id: number, field: string): string[] =>
      (byFinding.get(id) ?? []).flatMap(([of, value]) => (of === field ? [value] : [])).sort();
    const byFinding = new Map<number, [string, string][]>();
    for (const row of marks) {
      const some = byFinding.get(Number(row["finding"])) ?? [];
      some.push([String(row["field"]), String(row["value"])]);
      byFinding.set(Number(row["finding"]), some);
    }
    for (const row of rows) {
      const [id, hits, severity] = [Number(row["id"]), Number(row["hits"]), Number(row["severity"])];
      const lists = { types: values(id, "type"), points: values(id, "point"), stamps: values(id, "stamp") };
      known.set(id, { id, hits, severity, ...lists });
    }
    return pick(known, ids);
  }

  /** When each of these was first seen at its place, milliseconds since 1970; by `lookText`. */
  async firstSeen(pairs: readonly (readonly [Finding, Kind])[]): Promise<ReadonlyMap<string, number>> {
    const looks = [...new Set(pairs.map(([finding, kind]) => lookText(finding, kind)))];
    const rows = await queryIn(this.#database, "select look, first_at from looks where look in (in)", looks);
    return new Map(rows.map((row) => [String(row["look"]), Number(row["first_at"])]));
  }

  /** Forgets all, after some were removed. */
  forget(): void {
    this.#kinds = new Map();
    this.#findings = new Map();
  }
}

/** The key of what a finding looks like at its host and path. */
export function lookText({ types, points }: Finding, { host, path }: Kind): string {
  const seen = (field: Mark[0], values: readonly string[]): Mark[] => values.map((value) => [field, value]);
  return lookOf([...seen("point", points), ...seen("type", types)], host, path);
}

function pick<T>(known: ReadonlyMap<number, T>, ids: readonly number[]): ReadonlyMap<number, T> {
  const found = new Map<number, T>();
  for (const id of ids) {
    const one = known.get(id);
    if (one !== undefined) found.set(id, one);
  }
  return found;
}
