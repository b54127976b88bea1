/** A store in the same process as a place for a node's records: no network, no token, the same promise. */
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

function jsonOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}
