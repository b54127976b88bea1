/** The live stream under a flood: bounded in records, backlog and listeners, with counts that stay exact. */
import { describe, expect, test, vi } from "vitest";
import { readEvents } from "../../../../hosts/postanalytics/api/event-stream.ts";
import { LiveHub, liveRecordOf } from "../../../../hosts/postanalytics/api/live.ts";
import { liveRecordSchema, liveSummarySchema } from "../../../../hosts/postanalytics/api/schema.ts";
import { sampleRecord } from "../../records/sample.ts";
import { MemoryStore } from "../memory-store.ts";

const ALLOWED = { name: "ada", tenants: null, isAllowed: async () => true };

async function eventsOf(response: Response, most: number): Promise<{ name: string; data: unknown }[]> {
  const events: { name: string; data: unknown }[] = [];
  if (response.body === null) return events;
  for await (const { name, data } of readEvents(response.body)) {
    events.push({ name, data: JSON.parse(data) });
    if (events.length === most) break;
  }
  return events;
}

test("a record is told as the schema says", () => {
  expect(liveRecordSchema.parse(liveRecordOf(sampleRecord()))).toMatchObject({
    types: ["sqli"],
    severity: 5,
    status: 403,
  });
  expect(liveRecordOf(sampleRecord({ hits: [] }))).toMatchObject({ types: [], severity: 0, point: "" });
});

describe("a flood", () => {
  test("is told in part, and counted whole", async () => {
    const store = new MemoryStore();
    const hub = new LiveHub(store);
    const stream = hub.open(ALLOWED);
    const sampled = { kept: true, group: "g", count_since_last: 3 };
    await store.append(Array.from({ length: 200 }, () => sampleRecord({ sampled })));
    const events = await eventsOf(stream, 52);
    expect(events.filter(({ name }) => name === "record")).toHaveLength(50);
    const last = liveSummarySchema.parse(events.at(-1)?.data);
    expect(last).toMatchObject({ records: 600, blocked: 600, skipped: 450 });
    hub.close();
  });

  test("of listeners ends at eight of one person", () => {
    const hub = new LiveHub(new MemoryStore());
    for (let i = 0; i < 8; i++) hub.open(ALLOWED);
    expect(() => hub.open(ALLOWED)).toThrow(/too many pages/);
    hub.open({ ...ALLOWED, name: "bob" });
    expect(hub.size).toBe(9);
    hub.close();
    expect(hub.size).toBe(0);
  });
});

test("whoever may listen no longer is cut off", async () => {
  vi.useFakeTimers();
  try {
    const store = new MemoryStore();
    const hub = new LiveHub(store);
    let allowed = true;
    hub.open({ ...ALLOWED, isAllowed: async () => allowed });
    hub.open({ ...ALLOWED, isAllowed: () => Promise.reject(new Error("the store is away")) });
    await vi.advanceTimersByTimeAsync(31_000);
    expect(hub.size).toBe(2);
    allowed = false;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(hub.size).toBe(1);
    hub.close();
  } finally {
    vi.useRealTimers();
  }
});

test("who reads no more is forgotten", async () => {
  const hub = new LiveHub(new MemoryStore());
  await hub.open(ALLOWED).body?.cancel();
  expect(hub.size).toBe(0);
  hub.close();
});
