/** Delivery: everything arrives once, whatever the store answers, and what nobody takes holds up nothing. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Delivery, type DeliveryNotice } from "../../../hosts/records/delivery.ts";
import type { RecordSink, SinkAnswer } from "../../../hosts/records/sink.ts";
import { Spool } from "../../../hosts/records/spool/spool.ts";
import { sampleRecord } from "./sample.ts";
import { randomBy, SimulatedDisk } from "./spool/simulated-disk.ts";

const QUICK = { pauseMs: 1, pauseMsMax: 5, deniedMs: 2 };
const LATER: SinkAnswer = { kind: "later", reason: "status 503", afterMs: 0 };
const DENIED: SinkAnswer = { kind: "denied", reason: "status 401" };

/** A sink of this process, which keeps numbers of records; for what only an odd store does. */
class OddSink implements RecordSink {
  readonly taken: number[] = [];
  readonly sizes: number[] = [];
  closed = 0;
  judge: (numbers: readonly number[]) => SinkAnswer | null = () => null;

  async send(batch: readonly Buffer[]): Promise<SinkAnswer> {
    await Promise.resolve();
    const numbers = batch.map((bytes) => Number(JSON.parse(bytes.toString()).seq));
    this.sizes.push(numbers.length);
    const answer = this.judge(numbers);
    if (answer !== null) return answer;
    this.taken.push(...numbers);
    return { kind: "stored", stored: numbers.length, duplicates: 0 };
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

async function stage(records: number, judge: OddSink["judge"] = () => null) {
  const spool = await Spool.open(new SimulatedDisk(randomBy(1)), { flushMs: 0 });
  for (let i = 0; i < records; i++) spool.append(sampleRecord());
  await spool.flush();
  const sink = new OddSink();
  sink.judge = judge;
  const aside: [number, string][] = [];
  const notices: DeliveryNotice[] = [];
  const delivery = new Delivery(
    spool,
    sink,
    async (record, reason) => void aside.push([Number(JSON.parse(record.toString()).seq), reason]),
    (notice) => notices.push(notice),
    QUICK,
  );
  onTestFinished(() => delivery.close(0));
  return { spool, sink, delivery, aside, events: () => notices.map(({ event }) => event) };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

test("what is in the spool and what comes later is delivered in order, and forgotten", async () => {
  const { spool, sink, delivery } = await stage(5);
  await vi.waitFor(() => expect(sink.taken).toEqual(range(5)));
  for (let i = 0; i < 3; i++) {
    spool.append(sampleRecord());
    await spool.flush();
  }
  await vi.waitFor(() => expect(sink.taken).toEqual(range(8)));
  await vi.waitFor(() => expect(spool.hasRecords).toBe(false));
  expect(delivery.counters).toEqual({ stored: 8, duplicates: 0, rejected: 0, failures: 0 });
});

test("failures are told once each, and everything arrives when they are over", async () => {
  const answers = [LATER, LATER, DENIED, DENIED, LATER];
  const { sink, delivery, events } = await stage(4, () => answers.shift() ?? null);
  await vi.waitFor(() => expect(sink.taken).toEqual(range(4)), { timeout: 20_000 });
  expect(events()).toEqual(["records_delayed", "records_denied", "records_delayed", "records_delivered"]);
  expect(delivery.counters.failures).toBe(5);
});

describe("a batch is halved", () => {
  test("until the store takes it, where it is too large", async () => {
    const { sink, aside } = await stage(40, (numbers) => (numbers.length > 3 ? { kind: "too_large" } : null));
    await vi.waitFor(() => expect(sink.taken).toEqual(range(40)), { timeout: 20_000 });
    expect(aside).toEqual([]);
  });

  test("and the next ones are smaller from the start, so that each is not sent twice", async () => {
    const { sink } = await stage(1500, (numbers) => (numbers.length > 100 ? { kind: "too_large" } : null));
    await vi.waitFor(() => expect(sink.taken).toHaveLength(1500), { timeout: 20_000 });
    // The first batch is halved four times over; after that few are tried in vain.
    expect(sink.sizes.filter((size) => size > 100).length).toBeLessThan(25);
  });

  test("until the record that is refused stands alone; it is set aside and the others go on", async () => {
    const poison = new Set([7, 8, 31]);
    const { sink, aside, delivery, spool, events } = await stage(40, (numbers) =>
      numbers.some((number) => poison.has(number)) ? { kind: "refused", reason: "is no record" } : null,
    );
    await vi.waitFor(() => expect(aside).toHaveLength(3), { timeout: 20_000 });
    await vi.waitFor(() => expect(spool.hasRecords).toBe(false), { timeout: 20_000 });
    expect(sink.taken).toEqual(range(40).filter((number) => !poison.has(number)));
    expect(aside).toEqual([7, 8, 31].map((number) => [number, "is no record"]));
    expect(delivery.counters).toMatchObject({ stored: 37, rejected: 3 });
    expect(events()).toEqual(["records_rejected"]);
  });

  test("down to one, which is set aside where even that is too large", async () => {
    const { aside, sink } = await stage(3, (numbers) => (numbers.includes(2) ? { kind: "too_large" } : null));
    await vi.waitFor(() => expect(aside).toEqual([[2, "it is too large for the store"]]), { timeout: 20_000 });
    await vi.waitFor(() => expect(sink.taken).toEqual([1, 3]), { timeout: 20_000 });
  });
});

describe("at its end", () => {
  test("what is left is delivered in the time that it is given", async () => {
    const { spool, sink, delivery } = await stage(3);
    for (let i = 0; i < 3; i++) spool.append(sampleRecord());
    await spool.flush();
    await delivery.close(60_000);
    expect([sink.taken, spool.hasRecords]).toEqual([range(6), false]);
  });

  test("a store that is away does not keep it, and the spool keeps the records", async () => {
    const { spool, delivery, sink } = await stage(3, () => LATER);
    await delivery.close(10);
    expect([spool.hasRecords, sink.closed > 0]).toEqual([true, true]);
  });
});
