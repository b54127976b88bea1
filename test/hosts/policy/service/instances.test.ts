/** Which hosts have the policy: counted, bounded, forgotten in time. The clock is the test's. */
import { expect, test } from "vitest";
import { FORGOTTEN_MS, Instances, SILENT_MS } from "../../../../hosts/policy/service/instances.ts";
import type { Report } from "../../../../hosts/policy/wire.ts";

const [OLD, NEW] = ["a".repeat(64), "b".repeat(64)];

function reportOf(instance: string, hash: string | null, change: Partial<Report> = {}): Report {
  const policy = { hash, version: 1, source: "live", since: 0 } as const;
  return {
    instance,
    kind: "sidecar",
    merlon: "0",
    policy,
    refused: null,
    counters: {},
    hits: [],
    comparison: null,
    ...change,
  };
}

test("active on all nodes, in the time that the last one took", () => {
  let now = 1000;
  const instances = new Instances(() => now);
  for (const name of ["1", "2", "3"]) instances.report("shop", reportOf(name, OLD));
  const published = { version: 2, hash: NEW, publishedAt: 2000 };
  expect(instances.status(published)).toMatchObject({ active: 0, total: 3, tookMs: null });
  now = 2100;
  instances.report("shop", reportOf("1", NEW));
  now = 2700;
  instances.report("shop", reportOf("2", NEW));
  expect(instances.status(published)).toMatchObject({ active: 2, total: 3, tookMs: null });
  instances.report("shop", reportOf("3", NEW));
  now = 9000;
  // Reports that come later change nothing, and who comes later had no chance to be quick.
  instances.report("shop", reportOf("1", NEW));
  instances.report("late", reportOf("1", NEW));
  expect(instances.status(published)).toMatchObject({ active: 4, total: 4, tookMs: 700 });
});

test("who could not take it is named first, with the reason", () => {
  const instances = new Instances(() => 5000);
  instances.report("b", reportOf("1", NEW));
  instances.report("a", reportOf("1", OLD, { refused: { hash: NEW, why: "another engine" } }));
  const status = instances.status({ version: 2, hash: NEW, publishedAt: 1 });
  expect(status).toMatchObject({ active: 1, refused: 1, total: 2 });
  expect(status.instances.map(({ node, state, why }) => `${node} ${state} ${why}`)).toEqual([
    "a refused another engine",
    "b active ",
  ]);
});

test("who is silent does not count, and is forgotten", () => {
  let now = 0;
  const instances = new Instances(() => now);
  instances.report("a", reportOf("1", NEW));
  instances.report("b", reportOf("1", NEW));
  now = SILENT_MS + 1;
  instances.heard("a", "1");
  instances.heard("nobody", "1");
  const published = { version: 1, hash: NEW, publishedAt: 0 };
  expect(instances.status(published)).toMatchObject({ active: 1, total: 1 });
  expect(instances.status(published).instances.map(({ state }) => state)).toEqual(["silent", "active"]);
  now = FORGOTTEN_MS + 1;
  expect(instances.status(published).instances.map(({ node }) => node)).toEqual(["a"]);
});

test("one node cannot fill the table with names, and a restart takes the place of who is silent", () => {
  let now = 0;
  const instances = new Instances(() => now);
  const taken = Array.from({ length: 300 }, (_, at) => instances.report("greedy", reportOf(`i${at}`, NEW)));
  expect(taken.filter(Boolean).length).toBe(256);
  expect(instances.report("other", reportOf("1", NEW))).toBe(true);
  now = SILENT_MS + 1;
  expect(instances.report("greedy", reportOf("anew", NEW))).toBe(true);
  expect(instances.size).toBe(257);
});

test("hits are added up", () => {
  const instances = new Instances(() => 1);
  const hits = [{ list: "deny", entry: "10.0.0.0/8", hits: 3 }] as const;
  for (const node of ["a", "b"]) instances.report(node, reportOf("1", NEW, { hits: [...hits] }));
  expect(instances.status({ version: 1, hash: NEW, publishedAt: 0 }).hits).toEqual([{ ...hits[0], hits: 6 }]);
});
