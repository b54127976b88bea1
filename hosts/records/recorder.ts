/**
 * What a host does with records: it tells of each request, and here those that matched become records, are sampled,
 * kept on disk and, where there is somewhere to send them to, sent. Nothing of it makes a request wait.
 */
import { join } from "node:path";
import { MerlonError } from "../core/error.ts";
import type { VerdictEvent } from "../core/inspection.ts";
import { Delivery, type DeliveryCounters, type DeliveryNotice } from "./delivery.ts";
import { groupOf, isRecorded, makeRecord, type NodeFacts, placeFields } from "./make-record.ts";
import type { PolicyFacts } from "./policy-facts.ts";
import type { AttackRecord } from "./record.ts";
import { rejectedFile } from "./rejected.ts";
import { Sampling } from "./sampling.ts";
import type { RecordSink } from "./sink.ts";
import { NodeDisk } from "./spool/disk.ts";
import { lockFolder } from "./spool/lock.ts";
import { Spool, type SpoolCounters, type SpoolLimits, type SpoolNotice } from "./spool/spool.ts";

/** Counts of records that are only counted go out so often: a process that is killed loses no more. */
const COUNTS_MS = 60_000;

/** What records are made of and where they go. */
export interface RecorderOptions {
  /** The host's folder for what it keeps; the spool is in `spool` below it. */
  readonly folder: string;
  readonly node: NodeFacts;
  readonly policy: () => PolicyFacts;
  /** Where they are sent; where absent they stay in the spool until `spool` is read by someone else. */
  readonly sink?: RecordSink | undefined;
  readonly limits?: Partial<SpoolLimits>;
  readonly onNotice?: (notice: SpoolNotice | DeliveryNotice) => void;
}

/** What a recorder counts. */
export interface RecorderCounters {
  readonly spool: Readonly<SpoolCounters>;
  readonly delivery: Readonly<DeliveryCounters> | null;
  /** Requests that got a record, or are counted in one. */
  detected: number;
  /** Of these, requests that were only counted. */
  sampledOut: number;
}

/** A recorder with its folder locked. */
export class Recorder {
  readonly spool: Spool;
  readonly counters: RecorderCounters;
  readonly #options: RecorderOptions;
  readonly #sampling: Sampling;
  readonly #delivery: Delivery | null;
  readonly #unlock: () => void;
  readonly #timer: NodeJS.Timeout;

  private constructor(options: RecorderOptions, spool: Spool, delivery: Delivery | null, unlock: () => void) {
    this.#options = options;
    this.spool = spool;
    this.#delivery = delivery;
    this.#unlock = unlock;
    this.counters = { spool: spool.counters, delivery: delivery?.counters ?? null, detected: 0, sampledOut: 0 };
    this.#sampling = new Sampling((record) => void spool.append(record));
    this.#timer = setInterval(() => this.#sampling.flush(), COUNTS_MS).unref();
  }

  /**
   * Opens the folder and begins to send.
   * @throws MerlonError MERLON_RECORDS where the folder cannot be used, or another process has it
   */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const folder = join(options.folder, "spool");
    let unlock = (): void => {};
    try {
      const disk = new NodeDisk(folder);
      unlock = lockFolder(folder);
      const spool = await Spool.open(disk, options.limits, options.onNotice);
      const { sink, onNotice } = options;
      const delivery = sink === undefined ? null : new Delivery(spool, sink, rejectedFile(folder), onNotice);
      return new Recorder(options, spool, delivery, unlock);
    } catch (cause) {
      unlock();
      if (cause instanceof MerlonError) throw cause;
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
      const fix = "choose a folder that this user may write to";
      throw new MerlonError("MERLON_RECORDS", `${folder} cannot be used — ${code}; ${fix}`, { cause });
    }
  }

  /** Takes what a host tells of a request; to be called while it is told. */
  add(event: VerdictEvent): void {
    if (!isRecorded(event)) return;
    this.counters.detected++;
    const { node, policy } = this.#options;
    const group = groupOf(event);
    const ip = event.verdict.clientIp || event.peer;
    const counted = {
      id: event.id,
      ref: event.ref,
      ts: new Date(event.startedAt).toISOString(),
      client: { ip, ...placeFields(node, ip) },
    };
    let isWhole = false;
    this.#sampling.add(group, event.startedAt, counted, () => {
      isWhole = true;
      return makeRecord(event, group, node, policy());
    });
    if (!isWhole) this.counters.sampledOut++;
  }

  /** Takes a record that was made elsewhere, whole but for its number. */
  addRecord(record: AttackRecord): void {
    this.counters.detected++;
    const { id, ref, ts, client, sampled } = record;
    let isWhole = false;
    this.#sampling.add(sampled.group, Date.parse(ts), { id, ref, ts, client }, () => {
      isWhole = true;
      return record;
    });
    if (!isWhole) this.counters.sampledOut++;
  }

  /** Writes all counts, delivers what it can in the time it is given, and gives the folder back. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#timer);
    this.#sampling.flush();
    await this.spool.flush();
    await this.#delivery?.close(graceMs);
    await this.spool.close();
    this.#unlock();
  }
}
