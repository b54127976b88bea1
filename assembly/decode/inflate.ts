/**
 * DEFLATE (RFC 1951), read in any number of pieces. The window is up to eight blocks, taken as the output grows; what
 * is new in one is handed on from where it lies whenever it is full or the piece ends. No symbol is read by halves: the
 * bits of one that is not whole yet wait for the next piece.
 *
 * Spans are not mapped back through DEFLATE: what comes out of it is a value or a body of its own, with `gzip` in its
 * point, and spans count from that value's first byte.
 */
import { BLOCK_BYTES } from "../abi/limits";
import { Limit } from "../abi/status";
import { blockAlloc, blockFree } from "../bytes/blocks";
import { zeroBytes } from "../bytes/guard";
import { CODE_BITS_MAX, huffmanBuild, huffmanBytes, huffmanRead } from "./huffman";
import { reachLimit } from "./transaction";

/** What comes next in the stream. */
export enum Inflating {
  BLOCK = 0,
  /** Sizes of a stored block, its bytes. */
  STORED_SIZE = 1,
  STORED = 2,
  /** Head of a dynamic block, lengths of the code of lengths, lengths. */
  COUNTS = 3,
  CODE_LENGTHS = 4,
  LENGTHS = 5,
  SYMBOLS = 6,
  COPY = 7,
  DONE = 8,
  BROKEN = 9,
}

const WINDOW_BLOCKS: u32 = 8;
const WINDOW_MASK: u32 = WINDOW_BLOCKS * BLOCK_BYTES - 1;
const BLOCK_MASK: u32 = BLOCK_BYTES - 1;
const LITERALS_MAX: u32 = 288;
const DISTANCES_MAX: u32 = 32;

/** Where a stream stands: the begin of one block of parked memory; tables follow it. */
@unmanaged
export class Inflater {
  mode: u32;
  /** The block is the stream's last. */
  last: u32;
  /** Bits read and not used yet, the first lowest, and how many. */
  hold: u64;
  bits: u32;
  /** Bytes of a stored block or of a copy still to come, and how far back the copy reaches. */
  left: u32;
  distance: u32;
  literals: u32;
  distances: u32;
  codes: u32;
  index: u32;
  literalTable: usize;
  distanceTable: usize;
  /** The piece at hand. */
  at: usize;
  end: usize;
  /** Bytes read with those in `hold`, bytes made, and how many of these were handed on. */
  read: u32;
  written: u32;
  handed: u32;
  /** The wrapping around the stream and where in it reading stands; see gzip.ts. */
  wrapping: u32;
  wrapMode: u32;
  wrapFlags: u32;
  wrapLeft: u32;
  window: usize;
}

const WINDOW_AT: u32 = offsetof<Inflater>("window");
const LENGTHS_AT: u32 = WINDOW_AT + WINDOW_BLOCKS * 4;
const LITERAL_AT: u32 = (LENGTHS_AT + LITERALS_MAX + DISTANCES_MAX + 15) & ~15;

const lengthBase: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
const lengthBits: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const distanceBase: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]);
/** The order in which the lengths of the code of lengths stand. */
const codeOrder: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** The codes of blocks that bring none (§3.2.6), made when the first such block comes. */
const fixedLiterals: usize = memory.data(1632, 16);
const fixedDistances: usize = memory.data(1632, 16);
let fixedMade: bool = false;

function makeFixed(): void {
  if (fixedMade) return;
  fixedMade = true;
  const lengths = memory.data(288, 16);
  for (let i: u32 = 0; i < LITERALS_MAX; i++) {
    store<u8>(lengths + <usize>i, i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
  }
  huffmanBuild(fixedLiterals, lengths, LITERALS_MAX);
  for (let i: u32 = 0; i < DISTANCES_MAX; i++) store<u8>(lengths + <usize>i, 5);
  huffmanBuild(fixedDistances, lengths, DISTANCES_MAX);
}

/** @returns a new stream, or null when no block is to be had */
export function inflateOpen(): Inflater {
  const block = blockAlloc();
  if (!block) {
    reachLimit(Limit.MEMORY);
    return changetype<Inflater>(0);
  }
  zeroBytes(block, LENGTHS_AT);
  const one = changetype<Inflater>(block);
  return one;
}

/** Starts on another stream with an empty window; what was read and made goes on being counted. */
export function inflateRestart(one: Inflater): void {
  one.mode = Inflating.BLOCK;
  one.last = 0;
  one.hold = 0;
  one.bits = 0;
}

/** Gives all blocks back. */
export function inflateClose(one: Inflater): void {
  if (!one) return;
  for (let i: u32 = 0; i < WINDOW_BLOCKS; i++) {
    const block = windowBlock(one, i);
    if (block) blockFree(block);
  }
  blockFree(changetype<usize>(one));
}

function windowBlock(one: Inflater, index: u32): usize {
  return load<usize>(changetype<usize>(one) + <usize>(WINDOW_AT + index * 4));
}

/** Address of the output's byte with that number, which the window still holds or is to hold. */
function windowAt(one: Inflater, number: u32): usize {
  return windowBlock(one, (number & WINDOW_MASK) / BLOCK_BYTES) + <usize>(number & BLOCK_MASK);
}

function lengthsAt(one: Inflater): usize {
  return changetype<usize>(one) + <usize>LENGTHS_AT;
}

function ownLiterals(one: Inflater): usize {
  return changetype<usize>(one) + <usize>LITERAL_AT;
}

function ownDistances(one: Inflater): usize {
  return changetype<usize>(one) + <usize>(LITERAL_AT + huffmanBytes(LITERALS_MAX));
}

/** Fills `hold` from the piece as far as both go. */
function refill(one: Inflater): void {
  if (one.end - one.at >= 8) {
    const bytes = (63 - one.bits) >> 3;
    one.hold |= load<u64>(one.at) << (<u64>one.bits);
    one.at += <usize>bytes;
    one.read += bytes;
    one.bits += bytes << 3;
    return;
  }
  while (one.bits <= 56 && one.at < one.end) {
    one.hold |= (<u64>load<u8>(one.at++)) << (<u64>one.bits);
    one.bits += 8;
    one.read++;
  }
}

function drop(one: Inflater, bits: u32): void {
  one.hold >>= <u64>bits;
  one.bits -= bits;
}

/** Begins a block of the kind that the next three bits say. @returns false for want of bits */
function beginBlock(one: Inflater): bool {
  if (one.last) {
    drop(one, one.bits & 7);
    one.mode = Inflating.DONE;
    return true;
  }
  if (one.bits < 3) return false;
  one.last = <u32>one.hold & 1;
  const kind = (<u32>one.hold >> 1) & 3;
  drop(one, 3);
  if (kind == 0) {
    drop(one, one.bits & 7);
    one.mode = Inflating.STORED_SIZE;
  } else if (kind == 1) {
    makeFixed();
    one.literalTable = fixedLiterals;
    one.distanceTable = fixedDistances;
    one.mode = Inflating.SYMBOLS;
  } else one.mode = kind == 2 ? Inflating.COUNTS : Inflating.BROKEN;
  return true;
}

function beginStored(one: Inflater): bool {
  if (one.bits < 32) return false;
  const size = <u32>one.hold & 0xffff;
  const check = (<u32>one.hold >> 16) ^ 0xffff;
  drop(one, 32);
  one.left = size;
  one.mode = size == check ? Inflating.STORED : Inflating.BROKEN;
  return true;
}

function readCounts(one: Inflater): bool {
  if (one.bits < 14) return false;
  const bits = <u32>one.hold;
  one.literals = (bits & 31) + 257;
  one.distances = ((bits >> 5) & 31) + 1;
  one.codes = ((bits >> 10) & 15) + 4;
  one.index = 0;
  drop(one, 14);
  zeroBytes(lengthsAt(one), LITERALS_MAX + DISTANCES_MAX);
  one.mode = one.literals > 286 || one.distances > 30 ? Inflating.BROKEN : Inflating.CODE_LENGTHS;
  return true;
}

function readCodeLength(one: Inflater): bool {
  if (one.index == one.codes) {
    const left = huffmanBuild(ownLiterals(one), lengthsAt(one), 19);
    zeroBytes(lengthsAt(one), 19);
    one.index = 0;
    one.mode = left ? Inflating.BROKEN : Inflating.LENGTHS;
    return true;
  }
  if (one.bits < 3) return false;
  const symbol = <usize>load<u8>(codeOrder + <usize>one.index);
  store<u8>(lengthsAt(one) + symbol, <u8>one.hold & 7);
  one.index++;
  drop(one, 3);
  return true;
}

/** All lengths are there: makes the tables of the block. A code of one symbol may leave the other half unused. */
function beginSymbols(one: Inflater): void {
  const lengths = lengthsAt(one);
  one.mode = Inflating.BROKEN;
  if (!load<u8>(lengths + 256)) return;
  const literals = ownLiterals(one);
  const distances = ownDistances(one);
  const spare = huffmanBuild(literals, lengths, one.literals);
  if (spare < 0 || (spare > 0 && !isSingle(literals, one.literals))) return;
  const over = huffmanBuild(distances, lengths + <usize>one.literals, one.distances);
  if (over < 0 || (over > 0 && !isSingle(distances, one.distances))) return;
  one.literalTable = literals;
  one.distanceTable = distances;
  one.mode = Inflating.SYMBOLS;
}

/** Whether all symbols but at most one have no code, and that one a single bit. */
function isSingle(table: usize, symbols: u32): bool {
  return <u32>load<u16>(table) + <u32>load<u16>(table + 2) == symbols;
}

/** Reads one length or a run of them. */
function readLength(one: Inflater): bool {
  const total = one.literals + one.distances;
  if (one.index >= total) {
    beginSymbols(one);
    return true;
  }
  const entry = huffmanRead(ownLiterals(one), <u32>one.hold & 0x7fff);
  const bits = entry & 15;
  const symbol = entry >> 4;
  const extra: u32 = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
  if (!entry || bits + extra > one.bits) {
    if (!entry && one.bits >= CODE_BITS_MAX) one.mode = Inflating.BROKEN;
    return one.mode == <u32>Inflating.BROKEN;
  }
  let many: u32 = 1;
  let length = symbol;
  if (extra) {
    many = ((<u32>one.hold >> bits) & ((1 << extra) - 1)) + (symbol == 18 ? 11 : 3);
    length = symbol == 16 && one.index ? <u32>load<u8>(lengthsAt(one) + <usize>(one.index - 1)) : 0;
  }
  drop(one, bits + extra);
  if (one.index + many > total || (symbol == 16 && !one.index)) {
    one.mode = Inflating.BROKEN;
    return true;
  }
  let to = lengthsAt(one) + <usize>one.index;
  one.index += many;
  while (many--) store<u8>(to++, <u8>length);
  return true;
}

/** Reads symbols until a block of the window is full, the bits do not suffice or something else is due. */
function readSymbols(one: Inflater, room: u32): bool {
  let to = windowAt(one, one.written);
  let made: u32 = 0;
  let more: bool = true;
  while (made < room) {
    if (one.bits < 48) refill(one);
    const entry = huffmanRead(one.literalTable, <u32>one.hold & 0x7fff);
    const bits = entry & 15;
    if (!entry || bits > one.bits) {
      if (!entry && one.bits >= CODE_BITS_MAX) one.mode = Inflating.BROKEN;
      else more = false;
      break;
    }
    const symbol = entry >> 4;
    if (symbol < 256) {
      store<u8>(to++, <u8>symbol);
      made++;
      one.hold >>= <u64>bits;
      one.bits -= bits;
      continue;
    }
    if (symbol == 256) {
      drop(one, bits);
      one.mode = Inflating.BLOCK;
    } else more = beginCopy(one, symbol - 257, bits, one.written + made);
    break;
  }
  one.written += made;
  return more;
}

/** Reads the rest of a length and the distance behind it. @returns false for want of bits, with none used */
function beginCopy(one: Inflater, index: u32, bits: u32, written: u32): bool {
  if (index > 28) {
    one.mode = Inflating.BROKEN;
    return true;
  }
  const extra = <u32>load<u8>(lengthBits + <usize>index);
  const spare = <u32>(one.hold >> <u64>bits) & ((1 << extra) - 1);
  const length = <u32>load<u16>(lengthBase + ((<usize>index) << 1)) + spare;
  bits += extra;
  const entry = huffmanRead(one.distanceTable, <u32>(one.hold >> <u64>bits) & 0x7fff);
  const symbol = entry >> 4;
  if (!entry || symbol > 29) {
    const known = entry ? bits + (entry & 15) <= one.bits : bits + CODE_BITS_MAX <= one.bits;
    if (known) one.mode = Inflating.BROKEN;
    return known;
  }
  bits += entry & 15;
  const more = symbol < 4 ? 0 : (symbol >> 1) - 1;
  const rest = <u32>(one.hold >> <u64>bits) & ((1 << more) - 1);
  bits += more;
  if (bits > one.bits) return false;
  drop(one, bits);
  one.left = length;
  one.distance = <u32>load<u16>(distanceBase + ((<usize>symbol) << 1)) + rest;
  one.mode = one.distance > written ? Inflating.BROKEN : Inflating.COPY;
  return true;
}

/** Copies as much of a match as one block of the window gives and another takes. */
function copyMatch(one: Inflater, room: u32): void {
  const start = one.written - one.distance;
  const most = BLOCK_BYTES - (start & BLOCK_MASK);
  let many = one.left < room ? one.left : room;
  if (many > most) many = most;
  let from = windowAt(one, start);
  let to = windowAt(one, one.written);
  const end = to + <usize>many;
  while (to < end) store<u8>(to++, load<u8>(from++));
  one.written += many;
  one.left -= many;
  if (!one.left) one.mode = Inflating.SYMBOLS;
}

/** Copies bytes of a stored block: those in `hold` first. */
function copyStored(one: Inflater, room: u32): bool {
  let to = windowAt(one, one.written);
  const before = one.left;
  while (one.left && room) {
    refill(one);
    if (one.bits < 8) break;
    store<u8>(to++, <u8>one.hold);
    drop(one, 8);
    one.left--;
    room--;
    one.written++;
  }
  if (!one.left) one.mode = Inflating.BLOCK;
  return one.left < before || !before;
}

/** Room up to the end of the window's block that is written now, which is fetched where it is a new one. */
function roomIn(one: Inflater): u32 {
  const index = (one.written & WINDOW_MASK) / BLOCK_BYTES;
  if (!windowBlock(one, index)) {
    const block = blockAlloc();
    if (!block) {
      reachLimit(Limit.MEMORY);
      one.mode = Inflating.BROKEN;
      return 0;
    }
    store<usize>(changetype<usize>(one) + <usize>(WINDOW_AT + index * 4), block);
  }
  return BLOCK_BYTES - (one.written & BLOCK_MASK);
}

/** One step of what is due. @returns false when the piece is used up */
function advance(one: Inflater): bool {
  refill(one);
  switch (one.mode) {
    case Inflating.BLOCK:
      return beginBlock(one);
    case Inflating.STORED_SIZE:
      return beginStored(one);
    case Inflating.COUNTS:
      return readCounts(one);
    case Inflating.CODE_LENGTHS:
      return readCodeLength(one);
    case Inflating.LENGTHS:
      return readLength(one);
    default:
  }
  const room = roomIn(one);
  if (!room) return true;
  if (one.mode == Inflating.STORED) return copyStored(one, room);
  if (one.mode == Inflating.SYMBOLS) return readSymbols(one, room);
  copyMatch(one, room);
  return true;
}

/** What was made last and not handed on yet: address and size, set by `inflateRun`. */
export let madeAt: usize = 0;
export let madeSize: u32 = 0;

/**
 * Reads on in the piece from `one.at` to `one.end`.
 * @returns false when the piece is used up or the stream is over; true when a block of the window is full, and there
 *   may be more after its bytes, from `madeAt` on, were handed on
 */
export function inflateRun(one: Inflater): bool {
  let more: bool = true;
  while (more && one.mode < <u32>Inflating.DONE) {
    more = advance(one);
    if (one.written > one.handed && !(one.written & BLOCK_MASK)) break;
  }
  madeSize = one.written - one.handed;
  madeAt = madeSize ? windowAt(one, one.handed) : 0;
  one.handed = one.written;
  return madeSize > 0 && !(one.written & BLOCK_MASK) && one.mode < <u32>Inflating.DONE;
}

/** Bytes of the stream that were used, without those whose bits still wait. */
export function inflateUsed(one: Inflater): u32 {
  return one.read - (one.bits >> 3);
}
