/**
 * What the filter counts. Counting is adding in memory; once a second the sums go to the host, so that no request pays
 * for a host call. What a trap takes with it are the sums of its last second.
 */
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { proxy_define_metric, proxy_increment_metric } from "./env";

/** The counters, in the order of `NAMES`. `requests = inspected + skipped.*` holds once sums are told. */
export enum Count {
  REQUESTS = 0,
  INSPECTED = 1,
  SKIPPED_OFF = 2,
  SKIPPED_OVERLIMIT = 3,
  ATTACKS = 4,
  BLOCKED = 5,
  PARTIALLY_BLOCKED = 6,
  INCIDENTS = 7,
  OPEN_OVERLIMIT = 8,
  CLOSED_OVERLIMIT = 9,
  OPEN_OVERSIZE = 10,
  CLOSED_OVERSIZE = 11,
  RECORDS = 12,
  RECORDS_DROPPED = 13,
  STRIPPED = 14,
  REFUSED = 15,
  POLICY_CHANGES = 16,
  POLICY_FAILURES = 17,
  POLICY_REFUSED = 18,
  LISTED = 19,
}

const NAMES: string = `requests inspected skipped.off skipped.overlimit attacks blocked partially_blocked incidents
failed_open.overlimit failed_closed.overlimit failed_open.oversize failed_closed.oversize records records_dropped
fields_stripped configurations_refused policy.changes policy.failures policy.refused listed
`;
const COUNTERS: u32 = 20;
/** How often sums are told. */
export const TELL_MS: u32 = 1000;

const sums: usize = memory.data(128, 16);
const ids: usize = memory.data(128, 16);
const name: usize = memory.data(64, 16);
let defined: bool = false;

/** Counts one. */
export function count(what: Count): void {
  const at = sums + ((<usize>what & 31) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** Makes the counters known to the host, once an instance. */
export function defineMetrics(): void {
  if (defined) return;
  defined = true;
  const prefix = writeLiteral(name, "merlon.");
  let from = changetype<usize>(NAMES);
  for (let i: u32 = 0; i < COUNTERS; i++) {
    let size = prefix;
    for (; load<u16>(from) > 0x20 && size < 64; from += 2) {
      store<u8>(name + <usize>size, load<u8>(from));
      size++;
    }
    from += 2;
    proxy_define_metric(0, name, size, ids + ((<usize>i) << 2));
  }
}

/** Tells the host what was counted since the last time. */
export function tellMetrics(): void {
  for (let i: u32 = 0; i < COUNTERS; i++) {
    const at = sums + ((<usize>i) << 2);
    const sum = load<u32>(at);
    if (!sum) continue;
    store<u32>(at, 0);
    proxy_increment_metric(load<u32>(ids + ((<usize>i) << 2)), <i64>sum);
  }
}
