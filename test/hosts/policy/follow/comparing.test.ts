/** What a candidate would change, counted on verdicts of the real core with both slots loaded. */
import { expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import type { VerdictEvent } from "../../../../hosts/core/inspection.ts";
import { readyPolicy } from "../../../../hosts/policy/apply.ts";
import { Comparing } from "../../../../hosts/policy/follow/comparing.ts";
import { CHANGES_KEPT_MAX } from "../../../../hosts/policy/wire.ts";
import { eventOf } from "../../demo/stage.ts";
import { BLOCKING, WATCHING } from "../service/stage.ts";

const HASH = "a".repeat(64);
const SECRET = "t0ps3cret";

function judged(engine: Engine, target: string, startedAt: number): VerdictEvent {
  const transaction = engine.begin("192.0.2.1", 1_800_000_000);
  transaction.head({ method: "GET", target, authority: "shop.example", scheme: "http", rawHeaders: [] });
  transaction.end();
  const verdict = transaction.verdict();
  transaction.free();
  const path = target.split("?")[0] ?? "";
  return eventOf({ ref: `ref-${startedAt}`, host: "shop.example", path, startedAt }, verdict);
}

test("exactly the requests whose verdict would change, counted and told without values", () => {
  const engine = Engine.load();
  engine.loadPolicy("active", readyPolicy(WATCHING).image);
  engine.loadPolicy("shadow", readyPolicy(BLOCKING).image);
  const comparing = new Comparing(HASH, 2000, 1000);
  const attack = `/a?file=../../../../../../etc/passwd&key=${SECRET}`;
  expect(comparing.add(judged(engine, "/fine?a=1", 1001))).toBeUndefined();
  expect(comparing.add(judged(engine, attack, 1002))).toMatchObject({ before: "pass", after: "block", path: "/a" });
  // It began before the candidate came.
  expect(comparing.add(judged(engine, attack, 999))).toBeUndefined();
  expect(comparing.result).toMatchObject({ hash: HASH, since: 1000, requests: 2, wouldBlock: 1, wouldPass: 0 });
  expect(comparing.result.changes[0]?.findings[0]).toMatch(/^ptrav-[a-z]+@query\.file$/);
  expect(JSON.stringify(comparing.result)).not.toContain(SECRET);
});

test("the other way round, and no more are kept than there is room for", () => {
  const engine = Engine.load();
  engine.loadPolicy("active", readyPolicy(BLOCKING).image);
  engine.loadPolicy("shadow", readyPolicy(WATCHING).image);
  const comparing = new Comparing(HASH, 2000, 0);
  const event = judged(engine, "/a?file=../../../../../../etc/passwd", 1);
  for (let at = 0; at < CHANGES_KEPT_MAX + 5; at++) comparing.add({ ...event, startedAt: at });
  const { wouldPass, changes } = comparing.result;
  expect([wouldPass, changes.length, changes.at(-1)?.at]).toEqual([
    CHANGES_KEPT_MAX + 5,
    CHANGES_KEPT_MAX,
    CHANGES_KEPT_MAX + 4,
  ]);
});

test("without a candidate in the core nothing is compared", () => {
  const engine = Engine.load();
  const comparing = new Comparing(HASH, 2000, 0);
  comparing.add(judged(engine, "/?file=../../../../../../etc/passwd", 1));
  expect(comparing.result.requests).toBe(0);
});
