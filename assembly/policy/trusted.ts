/** The policy's trusted proxies: networks whose forwarding headers are believed. */
import { imageOf, Slot } from "./image";
import { Section, sectionOf, sectionSize } from "./tables";

const ROW_BYTES: u32 = 20;

function inNetwork(high: u64, low: u64, networkHigh: u64, networkLow: u64, prefix: u32): bool {
  if (prefix >= 64) {
    if (high != networkHigh) return false;
    const rest = prefix - 64;
    return !rest || rest > 64 || (low ^ networkLow) >> (64 - rest) == 0;
  }
  return !prefix || (high ^ networkHigh) >> (64 - prefix) == 0;
}

/** Whether the active policy trusts this address. */
export function isTrusted(high: u64, low: u64): bool {
  let at = sectionOf(imageOf(Slot.ACTIVE), Section.TRUSTED);
  const rows = sectionSize / ROW_BYTES;
  for (let i: u32 = 0; i < rows; i++) {
    if (inNetwork(high, low, load<u64>(at), load<u64>(at + 8), load<u32>(at + 16))) return true;
    at += <usize>ROW_BYTES;
  }
  return false;
}

/** Whether the active policy trusts any proxy at all. */
export function trustsProxies(): bool {
  return sectionOf(imageOf(Slot.ACTIVE), Section.TRUSTED) != 0;
}
