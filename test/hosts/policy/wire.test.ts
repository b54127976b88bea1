/** What may go over the wire: what hosts and services say is taken, and what is larger or stranger is not. */
import { expect, test } from "vitest";
import { nameSchema, pointerSchema, type Report, reportSchema } from "../../../hosts/policy/wire.ts";

const REPORT: Report = {
  instance: "shop-1-4711",
  kind: "sidecar",
  merlon: "0.1.0",
  policy: { hash: null, version: 0, source: "builtin", since: 0 },
  refused: null,
  counters: { requests: 1 },
  hits: [{ list: "deny", entry: "10.0.0.0/8", hits: 3 }],
  comparison: null,
};

test.each<[object, boolean]>([
  [{}, true],
  [{ policy: { hash: "f".repeat(64), version: 3, source: "live", since: 1 } }, true],
  [{ policy: { hash: "F".repeat(64), version: 3, source: "live", since: 1 } }, false],
  [{ instance: "a/b" }, false],
  [{ instance: "" }, false],
  [{ kind: "x".repeat(65) }, false],
  [{ counters: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`c${at}`, at])) }, false],
  [{ hits: Array.from({ length: 65 }, () => REPORT.hits[0]) }, false],
  [{ more: 1 }, false],
])("a report with %j", (change, taken) => {
  expect(reportSchema.safeParse({ ...REPORT, ...change }).success).toBe(taken);
});

test("names stand in files and tables as they are", () => {
  for (const name of ["a", "shop-1.eu_west"]) expect(nameSchema.safeParse(name).success).toBe(true);
  for (const name of ["", "-a", "a b", "../a", "a\n", "x".repeat(64)])
    expect(nameSchema.safeParse(name).success).toBe(false);
});

test("a pointer names a policy by its hash", () => {
  const pointer = { format: 1, version: 1, publishedAt: 5, bundle: { hash: "0".repeat(64), size: 9 }, candidate: null };
  expect(pointerSchema.safeParse(pointer).success).toBe(true);
  expect(pointerSchema.safeParse({ ...pointer, bundle: { hash: "0", size: 9 } }).success).toBe(false);
});
