/** One request under thresholds: what the core says more than once counts once, and which refusal is told. */
import { expect, test } from "vitest";
import type { Standing } from "../../../../hosts/core/threshold.ts";
import { Counting } from "../../../../hosts/policy/threshold/counting.ts";
import { definitionsOf, thresholdsSchema } from "../../../../hosts/policy/threshold/threshold.ts";

const HEAD = { method: "GET", target: "/", authority: "a.test", scheme: "http", rawHeaders: [] } as const;
const BOTH: Standing = {
  counted: [0b11, 0],
  clientHigh: 0n,
  clientLow: 0xffff_c000_0201n,
  mode: "block",
  application: 0,
  list: "none",
};

function gateOf(...written: object[]): ReturnType<Counting["use"]> {
  return new Counting({ now: () => 0 }).use(definitionsOf(thresholdsSchema.parse(written)), null);
}

const RATES = [
  { name: "short", limit: { requests: 1, per: "1s" } },
  { name: "long", limit: { requests: 1, per: "1m" }, status: 503 },
];

test("what is said twice of a request counts once", () => {
  const gate = gateOf(...RATES);
  const watch = gate.watch(HEAD);
  watch.take({ ...BOTH, counted: [0b01, 0] });
  watch.take({ ...BOTH, counted: [0b11, 0] });
  watch.take({ ...BOTH, counted: [0b11, 0] });
  expect(watch.refusal).toBeNull();
  expect(watch.findings).toEqual([]);
});

test("of two thresholds the one that keeps the client waiting for longer is told, and the record has both", () => {
  const gate = gateOf(...RATES);
  gate.watch(HEAD).take(BOTH);
  const watch = gate.watch(HEAD);
  watch.take(BOTH);
  expect(watch.refusal).toEqual({ name: "long", status: 503, retryAfter: 120, quota: 1, windowSeconds: 60 });
  expect(watch.findings.map(({ stamp }) => stamp)).toEqual(["threshold-short", "threshold-long"]);
});

test("a client on the allow list is not counted", () => {
  const gate = gateOf(...RATES);
  for (let at = 0; at < 3; at++) {
    const watch = gate.watch(HEAD);
    watch.take({ ...BOTH, list: "allow" });
    expect(watch.refusal).toBeNull();
  }
});

test("nothing of a request is in its findings", () => {
  const gate = gateOf({ name: "a", key: ['header["x-secret"]', "path"], limit: { requests: 1, per: "1s" } });
  const head = { ...HEAD, target: "/secret-path", rawHeaders: ["x-secret", "secret-value"] };
  gate.watch(head).take({ ...BOTH, counted: [1, 0] });
  const watch = gate.watch(head);
  watch.take({ ...BOTH, counted: [1, 0] });
  expect(watch.findings).toHaveLength(1);
  expect(JSON.stringify(watch.findings)).not.toMatch(/secret-(?:path|value)/);
});
