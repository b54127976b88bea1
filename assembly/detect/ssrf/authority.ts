/**
 * Cuts a value that is one URL into scheme, user, host and what follows, as RFC 3986 and the URL Standard do, and notes
 * where other readers would cut elsewhere: another host behind a second `@`, a backslash, a space or a `#`.
 */
import { isAlpha, isDigit, isSpace, startsLower } from "../../bytes/ascii";

/** Bytes in which an authority must end. */
const AUTHORITY_BYTES_MAX: u32 = 8192;
/** Longest scheme, and the most slashes behind one. */
const SCHEME_BYTES_MAX: u32 = 24;
const SLASHES_MAX: u32 = 12;

/** The scheme without its colon; size 0 for none. */
export let schemeAt: usize = 0;
export let schemeSize: u32 = 0;
/** First byte behind scheme and slashes, and how many slashes and backslashes stand before it. */
export let hostFrom: usize = 0;
export let slashCount: u32 = 0;
/** A backslash among the slashes, next to a slash. */
export let slashMixed: bool = false;
/** White space or a control character among the slashes. */
export let slashBroken: bool = false;

/** The user information without its `@`; empty for none. */
export let userAt: usize = 0;
export let userEnd: usize = 0;
/** The host without port, as the standards read it. */
export let hostAtRaw: usize = 0;
export let hostEnd: usize = 0;
/** Where port, if any, and authority end. */
export let restAt: usize = 0;
/** Whether a port stands behind the host. */
export let hasPort: bool = false;
/** Its number, 0 for none or one that is no number. */
export let port: u32 = 0;
/** Another host that other readers take, and its end; 0 for none. */
export let otherAt: usize = 0;
export let otherEnd: usize = 0;

/** Bytes of the scheme at `at`, 0 for none. RFC 3986 §3.1; underscores as some programs' own schemes have them. */
function schemeOf(at: usize, end: usize): u32 {
  if (at >= end || !isAlpha(load<u8>(at))) return 0;
  let p = at + 1;
  const stop = at + <usize>SCHEME_BYTES_MAX < end ? at + <usize>SCHEME_BYTES_MAX : end;
  while (p < stop) {
    const c = <u32>load<u8>(p);
    if (!isAlpha(c) && !isDigit(c) && c != 0x2b && c != 0x2d && c != 0x2e && c != 0x5f) break;
    p++;
  }
  return p < stop && load<u8>(p) == 0x3a ? <u32>(p - at) : 0;
}

/** Schemes after which readers take a host even without slashes (the URL Standard's special ones). */
function isSpecial(): bool {
  if (schemeSize == 4) return startsLower(schemeAt, 4, "http");
  if (schemeSize == 5) return startsLower(schemeAt, 5, "https");
  return schemeSize == 3 && startsLower(schemeAt, 3, "ftp");
}

/** Reads slashes and what hides between them from `at`. */
function readSlashes(at: usize, end: usize): void {
  slashCount = 0;
  slashMixed = false;
  slashBroken = false;
  let kinds: u32 = 0;
  while (at < end && slashCount < SLASHES_MAX) {
    const c = <u32>load<u8>(at);
    if (c == 0x2f || c == 0x5c) {
      slashCount++;
      kinds |= c == 0x2f ? 1 : 2;
    } else if (c <= 0x20 && slashCount) slashBroken = true;
    else break;
    at++;
  }
  slashMixed = kinds == 3;
  hostFrom = at;
}

/**
 * Reads scheme and slashes of the URL that begins at `at`.
 * @returns false where no authority follows
 */
export function readPrefix(at: usize, end: usize): bool {
  schemeAt = at;
  schemeSize = schemeOf(at, end);
  /* Java takes `url:` in front of any URL and drops it (java.net.URL). */
  if (schemeSize == 3 && startsLower(at, 3, "url")) {
    schemeAt = at + 4;
    schemeSize = schemeOf(schemeAt, end);
  }
  readSlashes(schemeSize ? schemeAt + <usize>schemeSize + 1 : at, end);
  if (hostFrom >= end) return false;
  return slashCount > 1 || (schemeSize != 0 && isSpecial());
}

/** Ends of an authority. */
function endsAuthority(c: u32): bool {
  return c == 0x2f || c == 0x3f || c == 0x23 || c == 0x5c;
}

/** Whether what stands between [from, at) hides an `@` at `at` from a reader: nothing, or one mark or space. */
function isGlue(from: usize, at: usize): bool {
  return at - from < 3 && (at == from || isSpace(load<u8>(from)) || load<u8>(from) == 0x26);
}

/** Cuts the port off [from, to): sets `hostEnd`. */
function cutPort(from: usize, to: usize): void {
  hasPort = false;
  port = 0;
  hostEnd = to;
  if (from < to && load<u8>(from) == 0x5b) {
    let p = from;
    while (p < to && load<u8>(p) != 0x5d) p++;
    if (p == to) return;
    hostEnd = p + 1;
    hasPort = hostEnd < to;
    readPort(to);
    return;
  }
  let p = from;
  while (p < to && load<u8>(p) != 0x3a) p++;
  hasPort = p < to;
  hostEnd = p;
  readPort(to);
}

/** Reads the number behind the host, up to `to`. */
function readPort(to: usize): void {
  for (let at = hostEnd + 1; at < to; at++) {
    const digit = <u32>load<u8>(at) - 48;
    if (digit > 9 || port > 6553) {
      port = 0;
      return;
    }
    port = port * 10 + digit;
  }
}

/** Reads the authority at `hostFrom`. @returns false if it does not end in time */
export function readAuthority(end: usize): bool {
  const stop = hostFrom + <usize>AUTHORITY_BYTES_MAX < end ? hostFrom + <usize>AUTHORITY_BYTES_MAX : end;
  let at = hostFrom;
  let sign: usize = 0;
  while (at < stop && !endsAuthority(load<u8>(at)) && load<u8>(at) != 0x20) {
    if (load<u8>(at) == 0x40) sign = at;
    at++;
  }
  if (at == stop && stop < end) return false;
  restAt = at;
  userAt = hostFrom;
  userEnd = sign ? sign : hostFrom;
  hostAtRaw = sign ? sign + 1 : hostFrom;
  cutPort(hostAtRaw, at);
  otherAt = 0;
  /* A reader that ends at the sign, and one that ends behind it, see two hosts: `a#@b`, `a\@b`, `a &@b`. */
  let from = at + 1;
  while (at < stop && load<u8>(at) != 0x2f) {
    const c = <u32>load<u8>(at);
    if (c == 0x40 && isGlue(from, at) && at + 1 < stop) {
      otherAt = at + 1;
      let p = otherAt;
      while (p < stop && !endsAuthority(load<u8>(p)) && load<u8>(p) != 0x3a && load<u8>(p) > 0x20) p++;
      otherEnd = p;
      return true;
    }
    if (c == 0x23 || c == 0x3f || c == 0x5c || c == 0x20) from = at + 1;
    at++;
  }
  return true;
}
