/** Judging and measuring through the real core. */
import { expect, test } from "vitest";
import { judge, measure } from "../../../../hosts/cli/evaluation/judge.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { ATTACK, rawRequest } from "../stage.ts";

test("a request is judged as mode block would, and nothing stays open", () => {
  const engine = Engine.load();
  const attack = judge(engine, Buffer.from(rawRequest(`/?${ATTACK}`)));
  expect(attack).toMatchObject({ blocked: true, failed: false });
  expect(attack.line).toMatch(/^block /);
  expect(attack.stamps.length).toBeGreaterThan(0);
  expect(judge(engine, Buffer.from(rawRequest("/?file=report.pdf")))).toEqual({
    blocked: false,
    failed: false,
    line: "pass",
    stamps: [],
  });
  expect(engine.usage.open).toBe(0);
});

test("requests are measured each, however few they are", () => {
  const engine = Engine.load();
  const requests = ["/", `/?${ATTACK}`].map((target) => Buffer.from(rawRequest(target)));
  const cost = measure(engine, requests);
  expect(cost).toMatchObject({ requests: 2, bytes: requests.reduce((sum, { length }) => sum + length, 0) });
  expect(cost.cpuMicros).toBeGreaterThan(0);
  expect(cost.wallMicros).toHaveLength(2);
  for (const micros of cost.wallMicros) expect(Number.isFinite(micros) && micros > 0).toBe(true);
  expect(engine.usage.open).toBe(0);
});
