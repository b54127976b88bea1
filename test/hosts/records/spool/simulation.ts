/**
 * Many lives of one spool: records come in, a receiver that fails at random takes them, and each life ends by a crash
 * at a random operation of the disk, by a kill or by a loss of power. At the end everything that was ever durable must
 * have been received, and nothing twice.
 */
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import { recordSchema } from "../../../../hosts/records/record.ts";
import { Spool } from "../../../../hosts/records/spool/spool.ts";
import { sampleRecord } from "../sample.ts";
import { type Random, SimulatedDisk } from "./simulated-disk.ts";

/** What a run came to. */
export interface Lives {
  readonly crashes: number;
  /** Records that the spool said were durable. */
  readonly durable: number;
  /** Records that the receiver has. */
  readonly stored: number;
  /** Times that a record came which it had already. */
  readonly repeated: number;
  /** Ids of durable records that it does not have. */
  readonly lost: readonly string[];
  /** Requests that the last life's counters cannot explain. */
  readonly miscounted: number;
}

/** How hard the world is. */
export interface World {
  /** Share of operations of the disk that fail without a crash. */
  readonly faults: number;
  /** Share of lives that end by a loss of power, not by a kill. */
  readonly power: number;
  /** Records that a life at most makes. */
  readonly records: number;
}

const LIMITS = { bytesMax: 1 << 22, segmentBytes: 4096, queueBytes: 1 << 16, flushMs: 0, flushBytes: 2000, retryMs: 1 };
const OPERATIONS_MAX = 60;
const BATCH_MAX = 7;
const DRAIN_ROUNDS_MAX = 100_000;

/** A receiver that stores by id. */
class Receiver {
  readonly ids = new Set<string>();
  repeated = 0;

  take(records: readonly Buffer[]): void {
    for (const bytes of records) {
      const { id } = recordSchema.parse(JSON.parse(bytes.toString("utf8")));
      if (this.ids.has(id)) this.repeated++;
      this.ids.add(id);
    }
  }
}

/** Lives `crashes` lives and one more, in which all is drained. */
export async function live(random: Random, crashes: number, world: World): Promise<Lives> {
  const disk = new SimulatedDisk(random);
  const receiver = new Receiver();
  const durable = new Set<string>();
  const nextId = createUlidSource();
  let miscounted = 0;
  for (let life = 0; life < crashes; life++) {
    disk.faults = random() < 0.5 ? world.faults : 0;
    disk.fuse = 1 + Math.floor(random() * OPERATIONS_MAX);
    const made = new Map<number, string>();
    let spool: Spool | null = null;
    try {
      const opened = await Spool.open(disk, LIMITS);
      spool = opened;
      opened.listen(() => {
        for (const [seq, id] of made) {
          if (seq > opened.durable) continue;
          durable.add(id);
          made.delete(seq);
        }
      });
      for (let i = Math.floor(random() * world.records); i > 0 && disk.fuse > 0; i--) {
        const id = nextId();
        const seq = opened.append(sampleRecord({ id, ref: id.slice(0, 16) }));
        if (seq !== null) made.set(seq, id);
        if (random() < 0.3) await opened.flush();
        if (random() < 0.3) await deliver(opened, receiver, random);
      }
      await opened.flush();
    } catch {
      // A crash while it was opened or read.
    }
    disk.fuse = 0;
    if (spool !== null) {
      await spool.close();
      const { detected, stored, dropped } = spool.counters;
      miscounted += Math.abs(detected - stored - dropped.disk - dropped.full);
    }
    disk.restart(random() < world.power);
  }
  disk.faults = 0;
  await drain(disk, receiver, random);
  const lost = [...durable].filter((id) => !receiver.ids.has(id));
  return {
    crashes,
    durable: durable.size,
    stored: receiver.ids.size,
    repeated: receiver.repeated,
    lost,
    miscounted,
  };
}

/** One attempt of a delivery that fails before the receiver has the records, after, or not. */
async function deliver(spool: Spool, receiver: Receiver, random: Random): Promise<boolean> {
  const batch = await spool.read(1 + Math.floor(random() * BATCH_MAX), 1 << 16);
  if (batch === null) return false;
  const fate = random();
  if (fate < 0.2) return true;
  receiver.take(batch.records);
  if (fate < 0.4) return true;
  await spool.acknowledge(batch);
  return true;
}

async function drain(disk: SimulatedDisk, receiver: Receiver, random: Random): Promise<void> {
  const spool = await Spool.open(disk, LIMITS);
  for (let round = 0; await deliver(spool, receiver, random); round++) {
    if (round > DRAIN_ROUNDS_MAX) throw new Error("the spool is never empty");
  }
  if (spool.hasRecords) throw new Error("the spool says that it has records and gives none");
  await spool.close();
}
