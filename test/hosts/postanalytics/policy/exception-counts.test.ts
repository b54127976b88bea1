/** How often exceptions let something pass. */
import { expect, test } from "vitest";
import { ExceptionCounts } from "../../../../hosts/postanalytics/policy/exception-counts.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { MemoryStore } from "../memory-store.ts";

test("hits are counted with what sampling left out, until the end", async () => {
  const store = new MemoryStore();
  const counts = new ExceptionCounts(store, () => 7);
  const hits = [sampleHit({ decision: "excepted", exception: "mine" }), sampleHit()];
  const sampled = { kept: true, group: "g", count_since_last: 3 };
  await store.append([sampleRecord({ hits, sampled }), sampleRecord({ hits }), sampleRecord()]);
  expect(counts.since).toBe(7);
  expect(counts.of("mine")).toEqual({ hits: 4, lastHit: Date.parse(sampleRecord().ts) });
  expect(counts.of("other")).toEqual({ hits: 0, lastHit: null });
  counts.close();
  await store.append([sampleRecord({ hits })]);
  expect(counts.of("mine").hits).toBe(4);
});
