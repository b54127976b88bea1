/**
 * Weeks: PostgreSQL keeps the records of each in tables of their own, so that a question about a day reads one of them
 * and what is too old goes in one step. Records with times far from now, from a node whose clock is wrong, lie in the
 * table for the rest.
 */
import { removeTimes } from "./blocks/block-table.ts";
import type { Database } from "./database.ts";

/** Width of a partition, milliseconds. */
export const WEEK_MS = 7 * 86_400_000;
const WEEKS_BACK = 60;
const WEEKS_AHEAD = 1;
const ADVISORY_LOCK = 0x6d657277;

/** Makes the partitions that records need, once each. */
export class RecordPartitions {
  readonly #database: Database;
  readonly #known = new Set<number>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Makes sure that there is a place for records of these times, milliseconds since 1970. */
  async prepare(times: readonly number[]): Promise<void> {
    if (this.#database.dialect === "sqlite") return;
    const now = Math.floor(Date.now() / WEEK_MS);
    const weeks = new Set(times.map((at) => Math.floor(at / WEEK_MS)));
    for (const week of weeks) {
      if (this.#known.has(week) || week < now - WEEKS_BACK || week > now + WEEKS_AHEAD) continue;
      await this.#make(week);
      this.#known.add(week);
    }
  }

  /**
   * Removes the partitions that hold nothing newer.
   * @param before milliseconds since 1970
   * @returns records removed
   */
  async drop(before: number): Promise<number> {
    if (this.#database.dialect === "sqlite") return 0;
    const last = Math.floor(before / WEEK_MS);
    const tables = await this.#database.query(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'records'::regclass`,
    );
    let removed = 0;
    for (const { name } of tables) {
      const week = Number(/^records_w(\d{1,6})$/.exec(String(name))?.[1] ?? Number.NaN);
      if (!(week < last)) continue;
      removed += await this.#database.transaction(async (inside) => {
        await inside.query(`select pg_advisory_xact_lock(${ADVISORY_LOCK})`);
        const [row] = await inside.query(`select count(*) as n from records_w${week}`);
        await inside.query(`drop table records_w${week}, bodies_w${week}`);
        await removeTimes(inside, "postgres", week * WEEK_MS, (week + 1) * WEEK_MS);
        return Number(row?.["n"] ?? 0);
      });
      this.#known.delete(week);
    }
    return removed;
  }

  async #make(week: number): Promise<void> {
    const [from, to] = [week * WEEK_MS, (week + 1) * WEEK_MS];
    try {
      await this.#database.transaction(async (inside) => {
        await inside.query(`select pg_advisory_xact_lock(${ADVISORY_LOCK})`);
        for (const table of ["records", "bodies"]) {
          const bounds = `for values from (${from}) to (${to})`;
          await inside.query(`create table if not exists ${table}_w${week} partition of ${table} ${bounds}`);
        }
      });
    } catch (error) {
      // Records of that week lie in the table for the rest already; there they stay, and nothing is lost.
      const [alive] = await this.#database.query("select 1 as alive");
      if (alive === undefined) throw error;
    }
  }
}
