/**
 * Walks one path, symbol by symbol, as the most lenient file server would, and keeps where it ends up: how far above
 * its start it climbed, and the canonical rest: lower case, `/` alone as separator, no empty steps and no `.`.
 */
import { lower } from "../../bytes/ascii";
import { isNameByte, PathSymbol, symbolAt, symbolOdd, symbolSize } from "./symbol";

/** Bytes kept of a canonical path, and of one step's name in it; longer names only need to be there. */
const PATH_BYTES: u32 = 1024;
const NAME_BYTES: u32 = 64;
const buffer: usize = memory.data(PATH_BYTES + 16, 16);

/** Steps up beyond the start, all steps up, and those written as no correct encoder would. */
export let climbs: u32 = 0;
export let climbsAll: u32 = 0;
export let climbsOdd: u32 = 0;
/** Whether the path begins with a separator or a drive. */
export let rooted: bool = false;
/** Separators read. */
export let separators: u32 = 0;
/** Which plain separators occur: 1 for a slash, 2 for a backslash. */
export let slashes: u32 = 0;
/** A NUL byte right behind a name: where it stands, or 0. */
export let nulAt: usize = 0;
/** First and last byte of all climbs. */
export let climbFrom: usize = 0;
export let climbTo: usize = 0;

let size: u32 = 0;
/** Steps that found no room in the buffer. */
let beyond: u32 = 0;
let nameSize: u32 = 0;
let dots: u32 = 0;
let realDots: u32 = 0;
let chunkOdd: bool = false;
/** Whether an undecodable run was counted as the chunk's last dot. */
let afterUnknown: bool = false;
let chunkAt: usize = 0;

/** The canonical path of the last walk. */
export function canonicalAt(): usize {
  return buffer;
}

/** Bytes of the canonical path of the last walk. */
export function canonicalSize(): u32 {
  return size;
}

function append(c: u32): void {
  if (beyond || size == PATH_BYTES || nameSize >= NAME_BYTES) return;
  store<u8>(buffer + <usize>size, <u8>lower(c));
  size++;
}

/** The dots before a name are part of it, unless the last of them was rather a separator. */
function beginName(): void {
  let keep = afterUnknown ? 0 : realDots < 2 ? realDots : 2;
  while (keep) {
    append(0x2e);
    keep--;
  }
  dots = 0;
  realDots = 0;
}

function endChunk(): void {
  nameSize = 0;
  dots = 0;
  realDots = 0;
  chunkOdd = false;
  afterUnknown = false;
}

/** Drops the last step of the canonical path. @returns false when there is none */
function pop(): bool {
  if (beyond) {
    beyond--;
    return true;
  }
  if (!size) return false;
  size--;
  while (size && load<u8>(buffer + <usize>(size - 1)) != 0x2f) size--;
  return true;
}

function climb(to: usize): void {
  if (!climbFrom) climbFrom = chunkAt;
  climbTo = to;
  climbsAll++;
  if (chunkOdd) climbsOdd++;
  if (!pop()) climbs++;
  endChunk();
}

function endName(): void {
  if (beyond || size >= PATH_BYTES - 1) beyond++;
  else {
    store<u8>(buffer + <usize>size, 0x2f);
    size++;
  }
  endChunk();
}

function separate(to: usize, odd: bool): void {
  separators++;
  if (odd) chunkOdd = true;
  if (nameSize) {
    /* A drive, also behind a slash as in the path of a URL: what follows begins at the root. */
    if (separators < 3 && size == 2 && load<u8>(buffer + 1) == 0x3a) {
      rooted = true;
      size = 0;
      endChunk();
    } else endName();
  } else if (dots >= 2) climb(to);
  else endChunk();
}

function reset(): void {
  climbs = 0;
  climbsAll = 0;
  climbsOdd = 0;
  rooted = false;
  separators = 0;
  slashes = 0;
  nulAt = 0;
  climbFrom = 0;
  climbTo = 0;
  size = 0;
  beyond = 0;
  endChunk();
}

/** `2f` or `5c` that lost their percent sign, right behind the dots of a climb. */
function isBareEscape(at: usize, end: usize): bool {
  if (nameSize || dots < 2 || at + 2 > end) return false;
  const pair = <u32>load<u16>(at) | 0x2000;
  return pair == 0x6632 || pair == 0x6335;
}

/** Whether a `;` at `at` is a path parameter of dots, as in `..;/`. */
function isParameter(at: usize, end: usize): bool {
  if (nameSize || realDots < 2) return false;
  const stop = at + 24 < end ? at + 24 : end;
  while (++at < stop) {
    const c = <u32>load<u8>(at);
    if (c == 0x2f || c == 0x5c) return true;
    if (c <= 32 || c == 0x3b) return false;
  }
  return false;
}

/** A space goes on inside names of a path with separators, and where dots stand apart; elsewhere it ends the path. */
function spaceGoesOn(at: usize, end: usize): bool {
  if (at + 1 == end) return false;
  const next = <u32>load<u8>(at + 1);
  if (dots && !nameSize) return next == 0x2e || next == 0x2f || next == 0x5c;
  return nameSize != 0 && separators != 0 && ((next | 32) - 97 < 26 || next == 0x28 || next - 48 < 10);
}

function onDot(odd: bool): void {
  if (nameSize) {
    append(0x2e);
    nameSize++;
  } else {
    dots++;
    realDots++;
    afterUnknown = false;
    if (odd) chunkOdd = true;
  }
}

function onUnknown(to: usize): void {
  if (nameSize || dots >= 2) separate(to, true);
  else {
    dots++;
    chunkOdd = true;
    afterUnknown = true;
  }
}

/** Brackets are part of names on one system: `Program Files (x86)`. Inside a path with separators only. */
function isBracket(c: u32): bool {
  return c == 0x28 || c == 0x29;
}

/** Takes in the name's symbol in [at, next) and the plain bytes behind it, which most bytes are. @returns their end */
function readName(at: usize, next: usize, end: usize): usize {
  if (!nameSize) beginName();
  const stop = next < end ? next : end;
  while (at < stop) append(load<u8>(at++));
  nameSize++;
  while (at < end && isNameByte(load<u8>(at))) {
    append(load<u8>(at++));
    nameSize++;
  }
  return at;
}

/**
 * Walks the path that begins at `at`.
 * @returns where it ends: at a byte that ends it, or at `end`
 */
export function walk(at: usize, end: usize): usize {
  reset();
  const start = at;
  chunkAt = at;
  while (at < end) {
    if (!nameSize && !dots) chunkAt = at;
    if (isBareEscape(at, end)) {
      at += 2;
      separate(at, true);
      continue;
    }
    const kind = symbolAt(at, end);
    const next = at + <usize>symbolSize;
    switch (kind) {
      case PathSymbol.NAME:
        at = readName(at, next, end);
        continue;
      case PathSymbol.DOT:
        onDot(symbolOdd);
        break;
      case PathSymbol.SEPARATOR:
        if (at == start) rooted = true;
        slashes |= load<u8>(at) == 0x5c ? 2 : 1;
        separate(next, symbolOdd);
        break;
      case PathSymbol.UNKNOWN:
        onUnknown(next);
        break;
      case PathSymbol.MARK:
        if (load<u8>(at) == 0x3f && nameSize) return at;
        if (nameSize) nameSize++;
        else dots++;
        break;
      case PathSymbol.FILLER:
        if (nameSize) {
          nulAt = at;
          return at;
        }
        if (dots) chunkOdd = true;
        break;
      case PathSymbol.SPACE:
        if (!spaceGoesOn(at, end)) return at;
        if (nameSize) {
          append(0x20);
          nameSize++;
        }
        break;
      default:
        if (isBracket(load<u8>(at)) && nameSize && separators) {
          at = readName(at, at + 1, end);
          continue;
        }
        /* The bar that old browsers take for the colon of a drive. */
        if (load<u8>(at) == 0x7c && nameSize == 1) {
          append(0x3a);
          nameSize++;
          break;
        }
        if (load<u8>(at) != 0x3b || !isParameter(at, end)) return at;
        chunkOdd = true;
        while (load<u8>(at) != 0x2f && load<u8>(at) != 0x5c) at++;
        at++;
        separate(at, true);
        continue;
    }
    at = next;
  }
  if (!nameSize && dots >= 2 && separators) climb(at);
  return at;
}
