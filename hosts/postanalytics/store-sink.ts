/** A store in the same process as a place for what a node sends: no network, no token, the same promise. */
import { type Endpoint, endpointSchema } from "../records/inventory/endpoint.ts";
import { type AttackRecord, recordSchema } from "../records/record.ts";
import type { RecordSink } from "../records/sink.ts";
import type { RecordStore } from "./store/store.ts";

/** @returns a sink whose records are acknowledged when the store has them on disk */
export function storeSink(store: Pick<RecordStore, "append">, now: () => number = Date.now): RecordSink {
  return {
    send: async (batch) => {
      const received = new Date(now()).toISOString();
      const records: AttackRecord[] = [];
      for (const line of batch) {
        const parsed = recordSchema.safeParse(jsonOf(line));
        if (!parsed.success) return { kind: "refused", reason: "a line is no record of this version" };
        records.push({ ...parsed.data, received_ts: received });
      }
      try {
        return { kind: "stored", ...(await store.append(records)) };
      } catch {
        return { kind: "later", reason: "the store does not take them now", afterMs: 0 };
      }
    },
    close: async () => {},
  };
}

/** @returns a sink for lines of the inventory */
export function inventorySink(store: Pick<RecordStore, "appendEndpoints">): RecordSink {
  return {
    send: async (batch) => {
      const lines: Endpoint[] = [];
      for (const line of batch) {
        const parsed = endpointSchema.safeParse(jsonOf(line));
        if (!parsed.success) return { kind: "refused", reason: "a line is no endpoint of this version" };
        lines.push(parsed.data);
      }
      try {
        await store.appendEndpoints(lines);
        return { kind: "stored", stored: lines.length, duplicates: 0 };
      } catch {
        return { kind: "later", reason: "the store does not take them now", afterMs: 0 };
      }
    },
    close: async () => {},
  };
}

function jsonOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}
