/**
 * Blocks against the table of records: the same answers, whatever is asked, in both databases, while records come late
 * and out of order, are merged, labelled and removed. Both are asked the same thing at the same moment.
 */
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { ATTACK_GAP_MS, listAttacks } from "../../../../../hosts/postanalytics/store/attack-list.ts";
import { remakeBlocks, removeTimes } from "../../../../../hosts/postanalytics/store/blocks/block-table.ts";
import { BlockScanner, type Sources } from "../../../../../hosts/postanalytics/store/blocks/scanner.ts";
import { wordsOf } from "../../../../../hosts/postanalytics/store/condition.ts";
import { Insertion } from "../../../../../hosts/postanalytics/store/insertion.ts";
import { Kinds } from "../../../../../hosts/postanalytics/store/kinds.ts";
import { migrate } from "../../../../../hosts/postanalytics/store/migration.ts";
import { RECORD_MIGRATIONS } from "../../../../../hosts/postanalytics/store/migrations/records.ts";
import { listRecords } from "../../../../../hosts/postanalytics/store/record-list.ts";
import { readStatistics } from "../../../../../hosts/postanalytics/store/statistics.ts";
import type { Attack, GroupField, Page, Search, Statistics } from "../../../../../hosts/postanalytics/store/store.ts";
import type { AttackRecord } from "../../../../../hosts/records/record.ts";
import { chance, createRandom, pick, type Random } from "../../../../bench/random.ts";
import { RecordSource } from "../../../../bench/record-source.ts";
import { randomSearch, SEARCHES } from "../../search/searches.ts";
import { DIALECTS, type Dialect, emptyDatabase, openDialect } from "../stage.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? Math.floor(Math.random() * 1e9));
const QUESTIONS = 24;
/** PostgreSQL on a machine that does much else. */
const TIMEOUT_MS = 300_000;
const RECORDS = 900;
const NOW = Date.now();
/** Long enough that silence parts attacks. */
const SPAN_MS = 12 * ATTACK_GAP_MS;
const FROM = NOW - SPAN_MS;
const FIELDS: readonly GroupField[] = [
  ...(["type", "ip", "point", "host", "path", "app", "country", "stamp", "node", "policy"] as const),
];

interface Stage {
  readonly plain: Sources;
  readonly fast: Sources & { readonly blocks: BlockScanner };
  readonly insertions: readonly Insertion[];
}

async function stageOf(context: TestContext, dialect: Dialect): Promise<Stage> {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  await migrate(database, RECORD_MIGRATIONS);
  const kinds = new Kinds(database);
  const blocks = new BlockScanner(database);
  onTestFinished(() => blocks.close());
  return {
    plain: { database, kinds, blocks: null },
    fast: { database, kinds, blocks },
    insertions: [new Insertion(database, "one"), new Insertion(database, "other")],
  };
}

/** Writes records in transactions of all sizes, of two logs, some of them late, and some twice. */
async function fill({ insertions }: Stage, random: Random, records: readonly AttackRecord[]): Promise<void> {
  const late: AttackRecord[] = [];
  for (let at = 0; at < records.length; ) {
    const size = pick(random, [1, 2, 7, 20, 60]);
    const some = records.slice(at, at + size);
    at += size;
    const [now, later] = [some.filter(() => !chance(random, 0.1)), some.filter(() => chance(random, 0.05))];
    late.push(...some.filter((one) => !now.includes(one)), ...later);
    await write(pick(random, insertions), now);
  }
  for (const insertion of insertions) await write(insertion, late);
}

async function write(insertion: Insertion, records: readonly AttackRecord[]): Promise<void> {
  const entries = records.map((record) => ({ kind: "record", id: record.id, json: JSON.stringify(record) }) as const);
  await insertion.write(entries, { segment: 1, offset: 16 });
}

function randomRecords(random: Random, count: number): AttackRecord[] {
  const source = new RecordSource(random, FROM, NOW, count, { clients: 15, hosts: 3, routes: 3, points: 4 });
  return Array.from({ length: count }, () => source.next(pick(random, ["node-1", "node-2"])));
}

function randomQuestion(random: Random): Search {
  const where = pick(random, ["", pick(random, SEARCHES), randomSearch(random, 1 + random(2))]);
  const edges = [FROM + random(SPAN_MS), FROM + random(SPAN_MS)].sort((a, b) => a - b);
  const [from = FROM, to = NOW] = chance(random, 0.5) ? [FROM - 1, NOW + 1] : edges;
  const tenants = pick(random, [null, null, ["shop-web", "blog"], []]);
  return { window: { from, to: Math.max(to, from + 1) }, where, tenants };
}

/** What both say of attacks; which findings a large group remembers is left to either. */
function plainAttack({ types, stamps, severity, isNew, sample, ...exact }: Attack): unknown {
  return { ...exact, at: Date.parse(sample.ts) };
}

/** Values of equal counts have no order. */
function plainStatistics({ top, ...exact }: Statistics): unknown {
  const counts = Object.entries(top).map(([field, values]) => {
    const least = values.at(-1)?.count ?? 0;
    const above = values.filter(({ count }) => count > least).map(({ value, count }) => `${count} ${value}`);
    return [field, values.map(({ count }) => count), above.sort()];
  });
  return { ...exact, counts };
}

async function pagesOf<T>(page: (cursor: string | null) => Promise<Page<T>>): Promise<T[][]> {
  const pages: T[][] = [];
  let cursor: string | null = null;
  do {
    const one: Page<T> = await page(cursor);
    pages.push([...one.items]);
    cursor = one.next;
  } while (cursor !== null && pages.length < 4);
  return pages;
}

async function compare({ plain, fast }: Stage, random: Random, search: Search): Promise<void> {
  const fields = [...new Set(Array.from({ length: 1 + random(3) }, () => pick(random, FIELDS)))];
  const grouping: readonly GroupField[] = chance(random, 0.4) ? [] : fields;
  const order = pick(random, ["last_seen", "first_seen", "count"] as const);
  const limit = pick(random, [1, 3, 10, 50]);
  const asked = { search, grouping, order, limit };
  const attacks = async (sources: Sources): Promise<unknown> => {
    const pages = await pagesOf((cursor) => listAttacks(sources, search, grouping, order, limit, cursor));
    return pages.map((page) => page.map(plainAttack));
  };
  expect({ asked, found: await attacks(fast) }).toEqual({ asked, found: await attacks(plain) });
  const records = async (sources: Sources): Promise<unknown> => {
    const pages = await pagesOf((cursor) => listRecords(sources, search, limit, cursor));
    return pages.map((page) => page.map(({ id }) => id));
  };
  expect({ asked, found: await records(fast) }).toEqual({ asked, found: await records(plain) });
  const buckets = 1 + random(30);
  const statistics = async (sources: Sources): Promise<unknown> =>
    plainStatistics(await readStatistics(sources, search, buckets, FIELDS));
  expect({ asked, found: await statistics(fast) }).toEqual({ asked, found: await statistics(plain) });
}

describe.each(DIALECTS)("in %s", (dialect) => {
  test(`blocks say what records say, seed ${SEED}`, { timeout: TIMEOUT_MS }, async (context) => {
    const stage = await stageOf(context, dialect);
    const { database } = stage.plain;
    const random = createRandom(SEED);
    const records = randomRecords(random, RECORDS);
    await fill(stage, random, records);
    const [written] = await database.query("select sum(rows) as n, count(*) as blocks from record_blocks");
    expect(Number(written?.["n"])).toBe(RECORDS);
    // They were merged: there were many more transactions.
    expect(Number(written?.["blocks"])).toBeLessThan(60);
    let answered = 0;
    for (let i = 0; i < QUESTIONS; i++) {
      const search = randomQuestion(random);
      await compare(stage, random, search);
      const words = wordsOf(search, dialect, NOW);
      if ((await stage.fast.blocks.ask(search.window, words, { about: "count" })) !== null) answered++;
      if (i === QUESTIONS / 2) {
        const from = FROM + random(SPAN_MS);
        await database.transaction(async (inside) => {
          await removeTimes(inside, dialect, from, from + SPAN_MS / 10);
          await inside.query("delete from records where at >= ? and at < ?", [from, from + SPAN_MS / 10]);
        });
      }
      if (i === (3 * QUESTIONS) / 4) await database.transaction((inside) => remakeBlocks(inside, dialect));
    }
    // Searches for ids are the others.
    expect(answered).toBeGreaterThan(QUESTIONS / 3);
  });

  test("questions are answered while blocks come and go", { timeout: TIMEOUT_MS }, async (context) => {
    const stage = await stageOf(context, dialect);
    const random = createRandom(SEED);
    const records = randomRecords(random, 120);
    const search: Search = { window: { from: FROM - 1, to: NOW + 1 }, where: "!country:XX", tenants: null };
    let isFilled = false;
    const filling = (async () => {
      for (const record of records) await write(pick(random, stage.insertions), [record]);
      isFilled = true;
    })();
    const words = wordsOf(search, dialect, NOW);
    let before = 0;
    while (!isFilled) {
      const counts = await Promise.all(
        Array.from({ length: 4 }, () => stage.fast.blocks.ask(search.window, words, { about: "count" })),
      );
      for (const count of counts) expect(count ?? before).toBeGreaterThanOrEqual(before);
      before = Math.max(before, ...counts.map((count) => count ?? 0));
    }
    await filling;
    const all = records.reduce((sum, { sampled }) => sum + sampled.count_since_last, 0);
    expect(await stage.fast.blocks.ask(search.window, words, { about: "count" })).toBe(all);
  });
});

test("what is asked of ids and labels is left to the table of records", async (context) => {
  const { fast } = await stageOf(context, "sqlite");
  const window = { from: 0, to: NOW };
  for (const where of ["label:false_positive", "!request_id:a", "ref:0123456789ABCDEF"]) {
    const words = wordsOf({ window, where, tenants: null }, "sqlite", NOW);
    expect([where, await fast.blocks.ask(window, words, { about: "count" })]).toEqual([where, null]);
  }
});

test("a scanner that was closed answers nothing, and starts nothing", async (context) => {
  const { fast } = await stageOf(context, "sqlite");
  const window = { from: 0, to: NOW };
  const words = wordsOf({ window, where: "", tenants: null }, "sqlite", NOW);
  expect(await fast.blocks.ask(window, words, { about: "count" })).toBe(0);
  const late = fast.blocks.warm();
  await fast.blocks.close();
  await late;
  fast.blocks.forget();
  expect(await fast.blocks.ask(window, words, { about: "count" })).toBe(null);
});
