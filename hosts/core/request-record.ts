/** What the head of the core's result says of a request: its settings, and the thresholds that it counts for. */
import type { Standing } from "./threshold.ts";
import { CLIENT_LISTS, MODES, type RequestSettings } from "./verdict.ts";

/** A number that the core exports. */
interface Exported {
  readonly value: number;
}

/** Offsets in the result's head, by the names of assembly/abi/layout.ts. */
export type RequestLayout = Readonly<
  Record<
    | "RESULT_APPLICATION"
    | "RESULT_CLIENT_HIGH"
    | "RESULT_CLIENT_LOW"
    | "RESULT_COUNTED"
    | "RESULT_FAILURES"
    | "RESULT_HOLD_BYTES"
    | "RESULT_MODE"
    | "RESULT_PAGE",
    Exported
  >
>;

/** Bits of closed failures, by their place in the policy's image. */
const FAILURE_OVERLIMIT = 4;
const FAILURE_OVERSIZE = 8;

/** @param at where the result begins @param source number of the list that has the client */
export function readSettings(layout: RequestLayout, view: Buffer, at: number, source: number): RequestSettings {
  const failures = view.readUInt32LE(at + layout.RESULT_FAILURES.value);
  return {
    application: view.readUInt32LE(at + layout.RESULT_APPLICATION.value),
    page: view.readUInt32LE(at + layout.RESULT_PAGE.value),
    holdBytes: view.readUInt32LE(at + layout.RESULT_HOLD_BYTES.value),
    failure: {
      overlimit: (failures & FAILURE_OVERLIMIT) === 0 ? "open" : "closed",
      oversize: (failures & FAILURE_OVERSIZE) === 0 ? "open" : "closed",
    },
    list: CLIENT_LISTS[source] ?? "none",
  };
}

/** @param before what was read of this request earlier: once its head was read, only the thresholds change */
export function readStanding(
  layout: RequestLayout,
  view: Buffer,
  at: number,
  source: number,
  before: Standing | null,
): Standing {
  const counted = at + layout.RESULT_COUNTED.value;
  const low = view.readUInt32LE(counted);
  const high = view.readUInt32LE(counted + 4);
  if (before !== null && before.counted[0] === low && before.counted[1] === high) return before;
  return {
    counted: [low, high],
    clientHigh: view.readBigUInt64LE(at + layout.RESULT_CLIENT_HIGH.value),
    clientLow: view.readBigUInt64LE(at + layout.RESULT_CLIENT_LOW.value),
    mode: MODES[view.readUInt32LE(at + layout.RESULT_MODE.value)] ?? "off",
    application: view.readUInt32LE(at + layout.RESULT_APPLICATION.value),
    list: CLIENT_LISTS[source] ?? "none",
  };
}
