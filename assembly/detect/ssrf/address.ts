/**
 * Reads a host as the numeric address that some resolver would make of it, and says where that address leads.
 *
 * IPv4 as inet_aton(3) and the URL Standard (WHATWG URL, "host parsing") read it: one to four parts, each decimal,
 * octal behind a zero or hexadecimal behind `0x`, the last one filling what is left. IPv6 as RFC 4291 writes it, with
 * the forms that carry an IPv4 address inside. test/oracle/address holds this against two real readers.
 */
import { hexValue, isDigit } from "../../bytes/ascii";
import { addressHigh, addressLow, readAddress } from "../../decode/client";

/** Where a host leads. */
export enum Reach {
  /** A public address, or a name that says nothing of its address. */
  PUBLIC = 0,
  /** Loopback, private, shared or link-local: IANA special-purpose address registries. */
  LOCAL = 1,
  /** A service that hands out a cloud machine's credentials. */
  METADATA = 2,
}

/** How an address is written. */
export enum Form {
  NONE = 0,
  /** As people and programs write it. */
  PLAIN = 1,
  /** Dotted decimal with less than four parts, as while somebody types it. */
  SHORT = 2,
  /** As nobody writes it but to get past a filter. */
  HIDDEN = 3,
}

/** Reach of the host read last. */
export let reach: Reach = Reach.PUBLIC;
/** The IPv4 address read last, also where it stands inside IPv6. */
export let value4: u32 = 0;

let partSize: u32 = 0;
let partBase: u32 = 10;
let partWide: bool = false;
/** Value of the part read last in decimal, where it has a leading zero. */
let partDecimal: u64 = 0;

/** Reads one part up to a dot or the end. @returns its value, or -1 */
function readPart(at: usize, end: usize): i64 {
  const from = at;
  partBase = 10;
  partDecimal = 0;
  if (at + 1 < end && load<u8>(at) == 0x30) {
    if ((load<u8>(at + 1) | 32) == 0x78) {
      partBase = 16;
      at += 2;
    } else if (load<u8>(at + 1) != 0x2e) partBase = 8;
  }
  let value: u64 = 0;
  let octal = true;
  while (at < end && load<u8>(at) != 0x2e) {
    const digit = hexValue(load<u8>(at));
    if (digit >= (partBase == 8 ? 10 : partBase)) return -1;
    if (digit > 7) octal = false;
    value = value * <u64>partBase + <u64>digit;
    partDecimal = partDecimal * 10 + <u64>digit;
    if (value > 0xffffffff || partDecimal > 0xffffffffff) {
      if (value > 0xffffffff) return -1;
      partDecimal = 0xffffffffff;
    }
    at++;
  }
  partSize = <u32>(at - from);
  if (!partSize) return -1;
  partWide = partBase == 8 && partSize == 3 && partDecimal < 256;
  /* No octal number has an 8; readers that take it at all take it as decimal. */
  if (partBase == 8 && !octal) {
    partBase = 10;
    return partDecimal > 0xffffffff ? -1 : <i64>partDecimal;
  }
  return <i64>value;
}

/** Reach of an IPv4 address. RFC 6890 and its registry; the services' own documentation. */
export function reachOf4(a: u32): Reach {
  switch (a) {
    case 0xa9fea9fe: // 169.254.169.254: most clouds
    case 0xa9feaa02: // 169.254.170.2: task credentials
    case 0xa9feaa17: // 169.254.170.23: pod credentials
    case 0x646464c8: // 100.100.100.200
    case 0xc00000c0: // 192.0.0.192
    case 0xa83f8110: // 168.63.129.16
      return Reach.METADATA;
    case 0:
      return Reach.LOCAL;
    default:
  }
  const net = a >> 24;
  if (net == 10 || net == 127) return Reach.LOCAL;
  const wide = a >> 16;
  if (wide == 0xc0a8 || wide == 0xa9fe || (a & 0xfff00000) == 0xac100000) return Reach.LOCAL;
  if ((a & 0xffc00000) == 0x64400000 || (a & 0xfffe0000) == 0xc6120000 || a >> 8 == 0xc00000) return Reach.LOCAL;
  return Reach.PUBLIC;
}

/** Reads [at, end) as IPv4. Sets `value4` and `reach`. @returns how it is written, `Form.NONE` if it is none */
export function readV4(at: usize, end: usize): Form {
  if (end > at + 1 && load<u8>(end - 1) == 0x2e) end--;
  let parts: u32 = 0;
  let odd = false;
  let wide = true;
  let inDecimal: u64 = 0;
  let whole: u64 = 0;
  while (true) {
    if (parts == 4) return Form.NONE;
    const part = readPart(at, end);
    if (part < 0) return Form.NONE;
    parts++;
    at += <usize>partSize;
    const last = at >= end;
    const room = last ? <u64>(8 * (5 - parts)) : 8;
    if (<u64>part >> room) return Form.NONE;
    whole = (whole << room) | <u64>part;
    inDecimal = (inDecimal << room) | (partBase == 10 ? <u64>part : partDecimal);
    if (partBase == 16) odd = true;
    if (partBase == 8 && partSize > 1) {
      odd = true;
      if (!partWide) wide = false;
    } else if (partBase == 16) wide = false;
    if (last) break;
    at++;
  }
  value4 = <u32>whole;
  reach = reachOf4(value4);
  if (odd) {
    /* 192.168.001.010: people pad with zeros, and then mean decimal. */
    if (parts == 4 && wide && reachOf4(<u32>inDecimal) == reach) return Form.PLAIN;
    return Form.HIDDEN;
  }
  if (parts == 4) return Form.PLAIN;
  return parts == 1 ? Form.HIDDEN : Form.SHORT;
}

/** The IPv4 address inside an IPv6 address. @returns false if it has none */
function inner4(high: u64, low: u64): bool {
  value4 = <u32>low;
  const middle = low >> 32;
  /* Mapped and compatible (RFC 4291 §2.5.5), translated (RFC 2765). */
  if (!high && (middle == 0xffff || (!middle && low > 1) || middle == 0xffff0000)) return true;
  if ((high == 0x0064ff9b00000000 && !middle) || high >> 16 == 0x0064ff9b0001) return true; // RFC 6052, RFC 8215
  if ((middle & 0xfdffffff) == 0x5efe) return true; // ISATAP, RFC 5214
  if (high >> 48 != 0x2002) return false;
  value4 = <u32>(high >> 16); // 6to4, RFC 3056
  return true;
}

/** Reads `[...]` at `at` as IPv6. Sets `reach`. @returns how it is written, `Form.NONE` if it is none */
export function readV6(at: usize, end: usize): Form {
  if (!readAddress(at, <u32>(end - at))) return Form.NONE;
  const high = addressHigh;
  const low = addressLow;
  reach = Reach.PUBLIC;
  if (high == 0xfd000ec200000000 && (low == 0x254 || low == 0x23)) reach = Reach.METADATA;
  else if (high == 0xfd2000ce00000000 && low == 0x254) reach = Reach.METADATA;
  else if (!high && low < 2) reach = Reach.LOCAL;
  else if (inner4(high, low)) {
    reach = reachOf4(value4);
    return reach == Reach.PUBLIC ? Form.PLAIN : Form.HIDDEN;
  } else {
    const top = <u32>(high >> 48);
    if ((top & 0xfe00) == 0xfc00 || (top & 0xff80) == 0xfe80) reach = Reach.LOCAL;
  }
  return Form.PLAIN;
}

/**
 * The address that a name carries in its labels, as services do that answer with what they are asked:
 * `10.0.0.1.<suffix>`, `app-10-0-0-1.<suffix>`, `7f000001.<suffix>`. Sets `reach`.
 * @param end where the suffix begins
 */
export function readCarried(at: usize, end: usize): bool {
  let best: Reach = Reach.PUBLIC;
  let from = at;
  while (from < end) {
    let parts: u32 = 0;
    let a: u32 = 0;
    let p = from;
    while (p < end && parts < 4 && isDigit(load<u8>(p))) {
      let octet: u32 = 0;
      const start = p;
      while (p < end && p - start < 4 && isDigit(load<u8>(p))) octet = octet * 10 + load<u8>(p++) - 48;
      if (octet > 255) break;
      a = (a << 8) | octet;
      parts++;
      if (p < end && parts < 4) {
        if (load<u8>(p) != 0x2e && load<u8>(p) != 0x2d) break;
        p++;
      }
    }
    if (parts == 4 && reachOf4(a) > best) best = reachOf4(a);
    if (isHexLabel(from, end)) {
      const carried = reachOf4(hexLabel);
      if (carried > best) best = carried;
    }
    /* The next label: each byte begins at most one reading of at most 15 bytes. */
    while (from < end && load<u8>(from) != 0x2e && load<u8>(from) != 0x2d) from++;
    from++;
  }
  reach = best;
  return best != Reach.PUBLIC;
}

let hexLabel: u32 = 0;

/** Eight hexadecimal digits that are a whole label. */
function isHexLabel(at: usize, end: usize): bool {
  if (at + 8 > end) return false;
  let a: u32 = 0;
  for (let i: usize = 0; i < 8; i++) {
    const digit = hexValue(load<u8>(at + i));
    if (digit > 15) return false;
    a = (a << 4) | digit;
  }
  if (at + 8 < end && load<u8>(at + 8) != 0x2e && load<u8>(at + 8) != 0x2d) return false;
  hexLabel = a;
  return true;
}
