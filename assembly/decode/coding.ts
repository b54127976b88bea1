/**
 * What stands between the bytes of a body and its parser: compression that the head announces or the first bytes show,
 * and other character sets. Levels are undone one after the other, each choosing by its own first bytes: a body whose
 * head promises gzip and does not keep it is read as it is.
 */
import { BLOCK_BYTES, BOMB_BYTES_MIN, BOMB_RATIO, CODINGS_MAX, INFLATED_BYTES_MAX } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { copyBytes } from "../bytes/guard";
import { inspectValue } from "./chain";
import { Charset, Coding } from "./content";
import { Decoder } from "./decoder";
import { gzipBegin, gzipEnd, gzipIsOver, gzipRun, gzipStop, looksGzip, looksZlib, Wrapping } from "./gzip";
import { Inflater, inflateClose, inflateOpen, inflateUsed, madeAt, madeSize } from "./inflate";
import { isOff, Parser } from "./parser";
import { Place, pointTruncate, pushWord, Word } from "./point";
import { charsetOf, recodeBegin, recodeEnd, recodeFeed } from "./recode";
import { BodyKind, current, noteAnomaly, reachLimit, Transaction } from "./transaction";

/** What a level does with its bytes. */
enum Stage {
  /** Not known yet: the first bytes decide. */
  UNKNOWN = 0,
  PLAIN = 1,
  INFLATE = 2,
  RECODE = 3,
}

/** One level: what it does, and the first bytes as long as they do not suffice to tell. */
@unmanaged
class Level {
  stage: u16;
  heldSize: u16;
  held: u32;
}

const HELD_BYTES_MAX: u32 = 4;

function levelOf(index: u32): Level {
  return changetype<Level>(changetype<usize>(current) + offsetof<Transaction>("level0") + <usize>(index * 8));
}

function inflaterSlot(index: u32): usize {
  return changetype<usize>(current) + offsetof<Transaction>("inflater0") + <usize>(index * 4);
}

function inflaterOf(index: u32): Inflater {
  return changetype<Inflater>(load<usize>(inflaterSlot(index)));
}

/** The coding that the head announces for a level, the outermost first. */
function announced(index: u32): u32 {
  return index < CODINGS_MAX ? (current.codings >> (index * 8)) & 255 : 0;
}

/** Whether nothing is announced and the first byte is one that no coding begins with. */
function isOrdinary(index: u32, at: usize, size: u32): bool {
  if (announced(index) || current.charset) return false;
  const c = <u32>load<u8>(at);
  if (c == 0x1f || c == 0 || c >= 0xfe) return false;
  /* UTF-16 and UTF-32 without a mark have zeros around the first letter. */
  return size > 1 ? load<u8>(at + 1) != 0 : c != 0x7b && c != 0x5b && c != 0x3c && c != 0x22;
}

/** Starts to undo compression. */
function beginInflate(level: Level, index: u32, wrapping: Wrapping): void {
  const one = inflateOpen();
  if (!one) return;
  gzipBegin(one, wrapping);
  store<usize>(inflaterSlot(index), changetype<usize>(one));
  level.stage = <u16>Stage.INFLATE;
}

/** Chooses what a level does by the bytes that it holds. */
function settle(level: Level, index: u32): void {
  const first = level.held;
  const coding = announced(index);
  level.stage = <u16>Stage.PLAIN;
  if (index < CODINGS_MAX && level.heldSize > 2 && !isOff(Parser.ZLIB)) {
    if (looksGzip(first)) beginInflate(level, index, Wrapping.GZIP);
    else if (coding == <u32>Coding.DEFLATE) {
      beginInflate(level, index, looksZlib(first) ? Wrapping.ZLIB : Wrapping.NONE);
    }
  }
  if (level.stage != <u16>Stage.INFLATE) {
    if (coding) noteAnomaly(Anomaly.ENCODING);
    const text = current.declaredKind != <u32>BodyKind.PROTOBUF && current.declaredKind != <u32>BodyKind.MULTIPART;
    const set = text ? charsetOf(first, level.heldSize, current.charset) : Charset.NONE;
    if (set != Charset.NONE) {
      recodeBegin(set);
      level.stage = <u16>Stage.RECODE;
    }
  }
  if (level.stage != <u16>Stage.PLAIN) current.coded |= 1;
  const size = <u32>level.heldSize;
  level.heldSize = 0;
  if (size) passOn(level, index, changetype<usize>(level) + offsetof<Level>("held"), size);
}

/** Reads the next piece of a level. */
export function codingFeed(index: u32, at: usize, size: u32): void {
  const level = levelOf(index);
  if (level.stage == <u16>Stage.UNKNOWN) {
    if (!level.heldSize && isOrdinary(index, at, size)) level.stage = <u16>Stage.PLAIN;
    else {
      while (size && <u32>level.heldSize < HELD_BYTES_MAX) {
        level.held |= (<u32>load<u8>(at++)) << ((<u32>level.heldSize) << 3);
        level.heldSize++;
        size--;
      }
      if (<u32>level.heldSize < HELD_BYTES_MAX) return;
      settle(level, index);
    }
  }
  if (size) passOn(level, index, at, size);
}

/** Hands on what was made last, as a copy: who reads 16 bytes at a time reads over the end of the window's block. */
function feedMade(index: u32): void {
  const mark = arenaMark();
  const size = madeSize;
  const copy = arenaAlloc(size);
  if (copy) {
    copyBytes(copy, madeAt, size);
    codingFeed(index, copy, size);
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
}

function passOn(level: Level, index: u32, at: usize, size: u32): void {
  if (level.stage == <u16>Stage.INFLATE) {
    const one = inflaterOf(index);
    one.at = at;
    one.end = at + <usize>size;
    while (gzipRun(one)) {
      const end = madeAt + <usize>madeSize;
      feedMade(index + 1);
      if (outgrows(one, end)) gzipStop(one);
    }
  } else if (level.stage == <u16>Stage.RECODE) recodeFeed(at, size);
  else textHook(at, size);
}

/**
 * Whether too much came out of a stream: in all, or for what went in, which is told as a finding. Asked at borders of
 * the window's blocks alone, so that pieces do not show.
 * @param end end of what came out last
 */
export function outgrows(one: Inflater, end: usize): bool {
  if ((one.written & (BLOCK_BYTES - 1)) != 0) return false;
  if (current.inflated + one.written > INFLATED_BYTES_MAX) {
    reachLimit(Limit.INFLATED);
    return true;
  }
  if (one.written < BOMB_BYTES_MIN || one.written / BOMB_RATIO < inflateUsed(one)) return false;
  pointTruncate(0);
  pushWord(Word.POST);
  pushWord(Word.GZIP);
  inspectValue(Place.BOMB, Decoder.RAW, end - <usize>BLOCK_BYTES, BOMB_SHOWN, 0);
  return true;
}

/** Bytes of a bomb that are shown with the finding. */
const BOMB_SHOWN: u32 = 64;

/** The body is complete: what levels still hold goes on its way. */
export function codingEnd(): void {
  for (let index: u32 = 0; index <= CODINGS_MAX; index++) {
    const level = levelOf(index);
    if (level.stage == <u16>Stage.UNKNOWN && level.heldSize) settle(level, index);
    if (level.stage == <u16>Stage.RECODE) recodeEnd();
    if (level.stage != <u16>Stage.INFLATE) return;
    const one = inflaterOf(index);
    if (!gzipIsOver(one)) gzipEnd(one);
  }
}

/** Gives back what streams hold, and begins anew. */
export function codingFree(): void {
  for (let index: u32 = 0; index < CODINGS_MAX; index++) {
    inflateClose(inflaterOf(index));
    store<usize>(inflaterSlot(index), 0);
  }
}

/** Pushes a word for each compression that is being undone. */
export function pushCodings(): void {
  for (let index: u32 = 0; index < CODINGS_MAX; index++) if (inflaterOf(index)) pushWord(Word.GZIP);
}

/** Bytes that the outermost level still holds. */
export function heldBytes(): u32 {
  return <u32>levelOf(0).heldSize;
}

/** Address of those bytes. */
export function heldAt(): usize {
  return changetype<usize>(levelOf(0)) + offsetof<Level>("held");
}

/** Whether the body turned out to be the plain bytes of its kind. */
export function isPlain(): bool {
  return levelOf(0).stage == <u16>Stage.PLAIN && !current.coded;
}

/** Whether no coding lies around the bytes; frames may. */
export function isBare(): bool {
  return levelOf(0).stage == <u16>Stage.PLAIN;
}

/** Whether that is so, or the first bytes have not told yet. */
export function mayBeBare(): bool {
  return isBare() || levelOf(0).stage == <u16>Stage.UNKNOWN;
}

let textHook: (at: usize, size: u32) => void = ignore;

function ignore(_at: usize, _size: u32): void {}

/** Names the function that reads a body's plain bytes; called once when the module starts. */
export function onText(hook: (at: usize, size: u32) => void): void {
  textHook = hook;
}

/** Hands plain bytes on, for recode.ts. */
export function passText(at: usize, size: u32): void {
  textHook(at, size);
}
