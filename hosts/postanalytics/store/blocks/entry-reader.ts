/** Reads rows of the small tables for the threads, each once: what they say never changes. */
import type { Database, Row } from "../database.ts";
import { queryIn } from "../rows.ts";
import type { ClientEntry, Entries, FindingEntry, KindEntry } from "./question.ts";

/** Numbers that a block names. */
export interface NamedNumbers {
  readonly findings: Iterable<number>;
  readonly kinds: Iterable<number>;
  readonly clients: Iterable<number>;
}

type Table = keyof Entries;

/** Knows which rows the threads have. */
export class EntryReader {
  readonly #database: Database;
  #known = nothingKnown();
  #largest = { findings: 0, kinds: 0, clients: 0 };

  constructor(database: Database) {
    this.#database = database;
  }

  /** Rows that take room: findings and kinds. */
  get size(): number {
    return this.#known.findings.size + this.#known.kinds.size;
  }

  /** The largest number of each table. */
  get largest(): Readonly<Record<Table, number>> {
    return this.#largest;
  }

  /** @returns the rows that were not read before */
  async read(named: readonly NamedNumbers[]): Promise<Entries> {
    const missing = (table: Table): number[] => {
      const known = this.#known[table];
      const fresh = new Set<number>();
      for (const one of named) for (const id of one[table]) if (!known.has(id)) fresh.add(id);
      return [...fresh];
    };
    const entries: Entries = {
      findings: await this.#findings(missing("findings")),
      kinds: await this.#kinds(missing("kinds")),
      clients: await this.#clients(missing("clients")),
    };
    for (const table of ["findings", "kinds", "clients"] as const) {
      for (const { id } of entries[table]) {
        this.#known[table].add(id);
        if (id > this.#largest[table]) this.#largest[table] = id;
      }
    }
    return entries;
  }

  /** Forgets what was read. */
  forget(): void {
    this.#known = nothingKnown();
  }

  async #findings(ids: readonly number[]): Promise<FindingEntry[]> {
    const rows = await queryIn(this.#database, "select id, hits from findings where id in (in)", ids);
    const marks = await queryIn(
      this.#database,
      "select finding, field, value from finding_marks where field in ('type', 'point', 'stamp') and finding in (in)",
      ids,
    );
    const byFinding = Map.groupBy(marks, (row) => Number(row["finding"]));
    return rows.map((row) => {
      const mine = byFinding.get(Number(row["id"])) ?? [];
      return { id: Number(row["id"]), hits: Number(row["hits"]), ...listsOf(mine) };
    });
  }

  async #kinds(ids: readonly number[]): Promise<KindEntry[]> {
    const columns = "id, app, host, path, node, policy, action, incident";
    const rows = await queryIn(this.#database, `select ${columns} from kinds where id in (in)`, ids);
    return rows.map((row) => ({
      ...{ id: Number(row["id"]), app: String(row["app"]), host: String(row["host"]), path: String(row["path"]) },
      ...{ node: String(row["node"]), policy: String(row["policy"]) },
      blocked: row["action"] === "blocked" || row["action"] === "partially_blocked",
      incident: Number(row["incident"]) !== 0,
    }));
  }

  async #clients(ids: readonly number[]): Promise<ClientEntry[]> {
    const rows = await queryIn(this.#database, "select id, country from clients where id in (in)", ids);
    return rows.map((row) => ({ id: Number(row["id"]), country: String(row["country"]) }));
  }
}

function nothingKnown(): Readonly<Record<Table, NumberMarks>> {
  return { findings: new NumberMarks(), kinds: new NumberMarks(), clients: new NumberMarks() };
}

/** A set of numbers that a database counts up: a byte for each takes less than an entry of a set. */
class NumberMarks {
  #marks = new Uint8Array(1024);
  size = 0;

  has(number: number): boolean {
    return this.#marks[number] === 1;
  }

  add(number: number): void {
    if (number >= this.#marks.length) {
      const wider = new Uint8Array(2 * number + 1);
      wider.set(this.#marks);
      this.#marks = wider;
    }
    if (this.#marks[number] === 0) this.size++;
    this.#marks[number] = 1;
  }
}

function listsOf(marks: readonly Row[]): Pick<FindingEntry, "types" | "points" | "stamps"> {
  const values = (field: string): string[] =>
    marks.flatMap((row) => (row["field"] === field ? [String(row["value"])] : [])).sort();
  return { types: values("type"), points: values("point"), stamps: values("stamp") };
}
