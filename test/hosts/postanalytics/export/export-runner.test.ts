/** The way of one export, over a log in memory whose sink fails when the test says so. */
import { expect, onTestFinished, test } from "vitest";
import { ExportRunner, type Progress } from "../../../../hosts/postanalytics/export/export-runner.ts";
import { RefusedError, SinkError } from "../../../../hosts/postanalytics/export/sink.ts";
import { labelEntry, recordEntry } from "../../../../hosts/postanalytics/store/log-entry.ts";
import { sampleRecord } from "../../records/sample.ts";

const START = { delivered: 0, failed: 0, lastError: null, newest: 0 };

test("the place moves on only when a batch has arrived, and labels are no records", async () => {
  const records = Array.from({ length: 3 }, () => sampleRecord());
  const entries = [...records.map(recordEntry), labelEntry(records[0]?.id ?? "", { verdict: null, note: null, at: 1 })];
  const log = {
    end: { segment: 1, offset: entries.length },
    read: async ({ offset }: { offset: number }) => {
      const next = { segment: 1, offset: Math.min(offset + 2, entries.length) };
      return { entries: entries.slice(offset, next.offset).map((bytes) => ({ bytes, at: 0 })), next, damaged: 0 };
    },
  };
  const arrived: string[] = [];
  const kept: Progress[] = [];
  let failures = 1;
  const runner = new ExportRunner({
    log,
    sink: {
      deliver: async (batch) => {
        if (batch.length === 1 && failures-- > 0) throw new SinkError("not now");
        arrived.push(...batch.map(({ id }) => id));
      },
      close: async () => {},
    },
    choose: async (batch) => batch,
    progress: { ...START, position: { segment: 1, offset: 0 } },
    keep: async (progress) => void kept.push({ ...progress }),
  });
  onTestFinished(() => runner.close());
  await expect.poll(() => runner.progress.lastError, { timeout: 10_000 }).toBe("not now");
  expect(kept.map(({ position }) => position.offset)).toEqual([2]);
  await expect.poll(() => arrived.length, { timeout: 20_000 }).toBe(3);
  await expect.poll(() => kept.at(-1)?.position.offset).toBe(4);
  expect(arrived).toEqual(records.map(({ id }) => id));
  expect(runner.progress).toMatchObject({ delivered: 3, failed: 1, lastError: null });
});

test("what a receiver will never take is told, and holds nobody up", async () => {
  const records = Array.from({ length: 3 }, () => sampleRecord());
  const entries = records.map(recordEntry);
  const log = {
    end: { segment: 1, offset: entries.length },
    read: async ({ offset }: { offset: number }) => {
      const next = { segment: 1, offset: offset + 1 };
      return { entries: entries.slice(offset, next.offset).map((bytes) => ({ bytes, at: 0 })), next, damaged: 0 };
    },
  };
  const tried: string[] = [];
  const runner = new ExportRunner({
    log,
    sink: {
      deliver: async (batch) => {
        tried.push(...batch.map(({ id }) => id));
        if (batch[0]?.id === records[2]?.id) throw new RefusedError("the collector rejected 1 records");
      },
      close: async () => {},
    },
    choose: async (batch) => batch,
    progress: { ...START, position: { segment: 1, offset: 0 } },
    keep: async () => {},
  });
  onTestFinished(() => runner.close());
  await expect.poll(() => runner.progress.position.offset, { timeout: 20_000 }).toBe(3);
  expect(tried).toEqual(records.map(({ id }) => id));
  expect(runner.progress).toMatchObject({ failed: 1, lastError: expect.stringContaining("are not sent again") });
});
