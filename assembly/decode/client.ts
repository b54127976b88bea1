/**
 * Addresses of the peer and of the client: text to 128 bits, and the rightmost hop of a forwarding header that no
 * trusted proxy wrote.
 */
import { hexValue, isDigit, isSpace } from "../bytes/ascii";
import { current } from "./transaction";

/** The last address read: IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2), as two halves. */
export let addressHigh: u64 = 0;
export let addressLow: u64 = 0;

const V4_PREFIX: u64 = 0x0000ffff00000000;

/** Reads dotted decimal. @returns false for anything else */
function readV4(at: usize, end: usize): bool {
  let value: u64 = 0;
  for (let part = 0; part < 4; part++) {
    if (at == end || !isDigit(load<u8>(at))) return false;
    let octet: u32 = 0;
    let digits = 0;
    while (at < end && isDigit(load<u8>(at)) && digits < 4) {
      octet = octet * 10 + load<u8>(at) - 48;
      at++;
      digits++;
    }
    if (octet > 255 || digits > 3) return false;
    value = (value << 8) | <u64>octet;
    if (part < 3) {
      if (at == end || load<u8>(at) != 0x2e) return false;
      at++;
    }
  }
  if (at != end) return false;
  addressHigh = 0;
  addressLow = V4_PREFIX | value;
  return true;
}

/** Reads RFC 4291 text with `::` and no embedded IPv4 but as the last 32 bits. */
function readV6(at: usize, end: usize): bool {
  const groups = memory.data(32, 16);
  let count: u32 = 0;
  let gap: u32 = 255;
  if (end - at >= 2 && load<u8>(at) == 0x3a) {
    if (load<u8>(at + 1) != 0x3a) return false;
    at++;
  }
  while (at < end) {
    if (load<u8>(at) == 0x3a) {
      if (gap != 255) return false;
      gap = count;
      at++;
      continue;
    }
    if (count == 8) return false;
    let value: u32 = 0;
    const from = at;
    while (at < end && hexValue(load<u8>(at)) < 16 && at - from < 5) value = (value << 4) | hexValue(load<u8>(at++));
    if (at < end && load<u8>(at) == 0x2e) {
      if (count > 6 || !readV4(from, end)) return false;
      store<u32>(groups + ((<usize>count) << 2), <u32>(addressLow >> 16) & 0xffff);
      store<u32>(groups + ((<usize>(count + 1)) << 2), <u32>addressLow & 0xffff);
      count += 2;
      break;
    }
    if (at == from || at - from > 4) return false;
    store<u32>(groups + ((<usize>count) << 2), value);
    count++;
    if (at == end) break;
    if (load<u8>(at) != 0x3a) return false;
    at++;
    if (at == end) return false;
  }
  if (gap == 255 ? count != 8 : count > 7) return false;
  const missing = 8 - count;
  let high: u64 = 0;
  let low: u64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    let value: u64 = 0;
    if (gap == 255 || i < gap) value = <u64>load<u32>(groups + ((<usize>i) << 2));
    else if (i >= gap + missing) value = <u64>load<u32>(groups + ((<usize>(i - missing)) << 2));
    high = (high << 16) | (low >> 48);
    low = (low << 16) | value;
  }
  addressHigh = high;
  addressLow = low;
  return true;
}

/** Reads an address as it stands in a header or a peer's name: with brackets, port or zone. @returns false if none */
export function readAddress(at: usize, size: u32): bool {
  let end = at + <usize>size;
  while (at < end && isSpace(load<u8>(at))) at++;
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  if (at == end) return false;
  if (load<u8>(at) == 0x5b) {
    const from = at + 1;
    while (at < end && load<u8>(at) != 0x5d) at++;
    return at < end && readV6(from, at);
  }
  if (readV4(at, end)) return true;
  let colons = 0;
  let colon: usize = 0;
  for (let p = at; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (c == 0x3a) {
      colons++;
      colon = p;
    } else if (c == 0x25 && colons > 1) {
      return readV6(at, p);
    }
  }
  if (colons == 1) return readV4(at, colon);
  return colons > 1 && readV6(at, end);
}

let trustedHook: (high: u64, low: u64) => bool = trustNobody;

function trustNobody(_high: u64, _low: u64): bool {
  return false;
}

/** Names the function that knows the policy's trusted proxies; called once when the module starts. */
export function onTrusted(hook: (high: u64, low: u64) => bool): void {
  trustedHook = hook;
}

/**
 * Finds the client in a forwarding header: from the right, the first hop that is no trusted proxy. What a hop to the
 * left of it claims could have been written by anyone.
 */
export function findClient(at: usize, size: u32): void {
  current.clientHigh = current.peerHigh;
  current.clientLow = current.peerLow;
  let end = at + <usize>size;
  while (end > at) {
    if (!trustedHook(current.clientHigh, current.clientLow)) return;
    let from = end;
    while (from > at && load<u8>(from - 1) != 0x2c) from--;
    if (!readAddress(from, <u32>(end - from))) return;
    current.clientHigh = addressHigh;
    current.clientLow = addressLow;
    if (from == at) return;
    end = from - 1;
  }
}
