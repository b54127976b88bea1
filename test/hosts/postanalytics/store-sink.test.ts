/**
 * A store in the same process: acknowledged when stored, refused when it is no record, later when the store is away.
 */
import { expect, test } from "vitest";
import { inventorySink, storeSink } from "../../../hosts/postanalytics/store-sink.ts";
import { Traffic } from "../records/inventory/stage.ts";
import { sampleRecord } from "../records/sample.ts";
import { MemoryStore } from "./memory-store.ts";

const lineOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test("records are kept once, with the time at which they came", async () => {
  const store = new MemoryStore();
  const sink = storeSink(store, () => 0);
  const record = sampleRecord();
  expect(await sink.send([lineOf(record)], 0)).toEqual({ kind: "stored", stored: 1, duplicates: 0 });
  expect(await sink.send([lineOf(record), lineOf(sampleRecord())], 0)).toEqual({
    kind: "stored",
    stored: 1,
    duplicates: 1,
  });
  expect((await store.record(record.id, null))?.received_ts).toBe("1970-01-01T00:00:00.000Z");
  await sink.close();
});

test("what is no record is refused, and a store that is away is asked later", async () => {
  const sink = storeSink(new MemoryStore());
  expect(await sink.send([lineOf(sampleRecord()), Buffer.from("{")], 0)).toMatchObject({ kind: "refused" });
  const away = storeSink({ append: () => Promise.reject(new Error("away")) });
  expect(await away.send([lineOf(sampleRecord())], 0)).toMatchObject({ kind: "later" });
});

test("what was learned of interfaces is kept, refused or asked for later alike", async () => {
  const store = new MemoryStore();
  const traffic = new Traffic();
  traffic.send({ target: "/a" });
  const lines = traffic.lines().map(lineOf);
  expect(await inventorySink(store).send(lines, 0)).toEqual({ kind: "stored", stored: 1, duplicates: 0 });
  expect((await store.endpoints(null)).map(({ path }) => path)).toEqual(["/a"]);
  expect(await inventorySink(store).send([...lines, Buffer.from('{"v":9}')], 0)).toMatchObject({ kind: "refused" });
  const away = inventorySink({ appendEndpoints: () => Promise.reject(new Error("away")) });
  expect(await away.send(lines, 0)).toMatchObject({ kind: "later" });
});
