/**
 * Sends what an inventory has learned, in batches like those of records. It is kept in memory until the store has it:
 * a node that is killed learns it again from the next requests.
 */
import type { RecordSink } from "../sink.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Inventory } from "./inventory.ts";

/** Lines of one batch. */
export const BATCH_LINES = 100;
const LOOK_MS = 5_000;
const PAUSE_MS_MAX = 300_000;

/** Told once, until it is over. */
export interface InventoryNotice {
  readonly event: "inventory_delayed" | "inventory_delivered" | "inventory_rejected";
  readonly detail: string;
}

/** Sends as long as it runs. */
export class InventorySender {
  readonly #inventory: Inventory;
  readonly #sink: RecordSink;
  readonly #notify: (notice: InventoryNotice) => void;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<boolean> | null = null;
  #failures = 0;
  #notBefore = 0;
  #hasTold = false;
  /** Lines that the store refuses. */
  rejected = 0;

  /** @param sink takes lines of endpoints */
  constructor(
    inventory: Inventory,
    sink: RecordSink,
    notify: (notice: InventoryNotice) => void = () => {},
    lookMs: number = LOOK_MS,
  ) {
    this.#inventory = inventory;
    this.#sink = sink;
    this.#notify = notify;
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  /** Sends what is left, in the time that it is given. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#timer);
    const timer = setTimeout(() => void this.#sink.close(), graceMs);
    await this.#running;
    await this.#send(true);
    clearTimeout(timer);
    await this.#sink.close();
  }

  async #look(): Promise<void> {
    if (this.#running !== null || performance.now() < this.#notBefore) return;
    this.#running = this.#send(false);
    await this.#running;
    this.#running = null;
  }

  /** @returns whether everything that was due is kept */
  async #send(all: boolean): Promise<boolean> {
    for (;;) {
      const lines = this.#inventory.due(BATCH_LINES, all);
      if (lines.length === 0) return true;
      if (!(await this.#deliver(lines))) return false;
    }
  }

  async #deliver(lines: readonly Endpoint[]): Promise<boolean> {
    const answer = await this.#sink.send(
      lines.map((line) => Buffer.from(JSON.stringify(line))),
      0,
    );
    if (answer.kind === "stored") {
      this.#inventory.sent(lines);
      this.#failures = 0;
      if (this.#hasTold) this.#notify({ event: "inventory_delivered", detail: "the store takes the inventory again" });
      this.#hasTold = false;
      return true;
    }
    if (answer.kind === "refused" || answer.kind === "too_large") {
      if (lines.length > 1) {
        const half = lines.length >> 1;
        return (await this.#deliver(lines.slice(0, half))) && (await this.#deliver(lines.slice(half)));
      }
      this.rejected++;
      this.#inventory.counters.dropped += lines.length;
      const reason = answer.kind === "refused" ? answer.reason : "it is too large for the store";
      if (this.rejected === 1) this.#notify({ event: "inventory_rejected", detail: `${reason}; the others go on` });
      this.#inventory.sent(lines);
      return true;
    }
    const pause = Math.min(LOOK_MS * 2 ** Math.min(this.#failures, 10), PAUSE_MS_MAX);
    this.#notBefore = performance.now() + Math.max(pause, answer.kind === "later" ? answer.afterMs : 0);
    this.#failures++;
    if (!this.#hasTold) this.#notify({ event: "inventory_delayed", detail: `${answer.reason}; it is tried again` });
    this.#hasTold = true;
    return false;
  }
}
