/**
 * What real SQL engines say against what Merlon says: of values that an engine confirms as attacks all but a few are
 * stopped, of those that only resemble them all but a few pass.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom, type Random } from "../bench/random.ts";
import { type Component, requireOrSkip } from "../tools/component.ts";
import { attackAdaptively, confirmedAttack } from "./adaptive.ts";
import { Merlon } from "./merlon.ts";
import { effectOf, type SqlEngine } from "./sql/engine.ts";
import { makeNearMiss } from "./sql/grammar.ts";
import { openMariadb } from "./sql/mariadb.ts";
import { openPostgres } from "./sql/postgres.ts";
import { openSqlite } from "./sql/sqlite.ts";

const SEED = 20;
/** Confirmed attacks of each engine; MariaDB keeps each view in a file and takes its time. */
const ATTACKS = { SQLite: 1500, PostgreSQL: 600, MariaDB: 150 };
const NEAR_MISSES = 1000;
/** Per cent of confirmed attacks that may pass: those that read like prose, `2 or 3`, and filters, `id or name`. */
const PASSED_MAX = 1;
/** Per cent of near misses that may be stopped. */
const STOPPED_MAX = 0.5;

const merlon = new Merlon();
const engines = new Map<string, Component<SqlEngine>>();

beforeAll(async () => {
  engines.set("SQLite", { found: openSqlite() });
  engines.set("PostgreSQL", await openPostgres());
  engines.set("MariaDB", await openMariadb());
});

afterAll(async () => {
  for (const engine of engines.values()) if ("found" in engine) await engine.found.close();
});

function engineOf(name: string): Component<SqlEngine> {
  return engines.get(name) ?? { missing: name };
}

/** Per cent of the values for which `is` holds, and the first of them for the report. */
function share(values: readonly string[], is: (value: string) => boolean): { percent: number; examples: string[] } {
  const found = values.filter(is);
  return { percent: (100 * found.length) / values.length, examples: found.slice(0, 40) };
}

describe.each(Object.entries(ATTACKS))("%s", (name, count) => {
  test("what it confirms is stopped", async (context) => {
    const engine = requireOrSkip(context, engineOf(name));
    const random: Random = createRandom(SEED);
    const values: string[] = [];
    while (values.length < count) values.push((await confirmedAttack(engine, random)).value);
    const { percent, examples } = share(values, (value) => !merlon.stops(value));
    expect(percent, examples.join("\n")).toBeLessThanOrEqual(PASSED_MAX);
  });
});

test("what no engine confirms passes", async () => {
  const random = createRandom(SEED);
  const quick = ["SQLite", "PostgreSQL"].map(engineOf);
  const running = quick.flatMap((engine) => ("found" in engine ? [engine.found] : []));
  const values: string[] = [];
  for (let index = 0; index < NEAR_MISSES; index++) {
    const value = makeNearMiss(random);
    if (!(await effectOf(running, value))) values.push(value);
  }
  expect(values.length).toBeGreaterThan(NEAR_MISSES * 0.9);
  const { percent, examples } = share(values, (value) => merlon.stops(value));
  expect(percent, examples.join("\n")).toBeLessThanOrEqual(STOPPED_MAX);
});

test("an attacker who adapts seldom gets through", async () => {
  const engine = openSqlite();
  const budget = { cases: 60, queries: 100, seed: SEED };
  const { bypasses } = await attackAdaptively(merlon, [engine], budget);
  await engine.close();
  const examples = bypasses.map(({ value }) => JSON.stringify(value)).join("\n");
  expect(bypasses.length, examples).toBeLessThanOrEqual(1);
});
