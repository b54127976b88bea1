/**
 * Parameters that come more than once: some back ends join them with commas, so an attack can be spread over them. The
 * pairs of a query or form are kept, within a bound, and joined at its end. A joined value is a point of its own.
 */
import { POLLUTION_BYTES_MAX, POLLUTION_NAMES_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { copyBytes } from "../bytes/guard";
import { hashLanes, hashWord } from "../bytes/hash";
import { ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { inspectValue } from "./chain";
import { collectGather, gatheredAt } from "./collect";
import { beginAgain, endAgain } from "./fuel";
import { Place, pointDepth, pointTruncate, pushName, pushWord, Word } from "./point";
import { extraRope, reachLimit } from "./transaction";

/** An entry: hash of the name, sizes of name and value, the bytes of both. */
@unmanaged
class Entry {
  hash: u32;
  nameSize: u32;
  valueSize: u32;
}

/** Names up to which `noteName` tells them apart; with more, two may be the same for all it knows. */
const NOTED_MAX: u32 = 16;
/** One bit a name, by its hash. */
const noted: usize = memory.data(32, 16);
let names: u32 = 0;

/** Whether two of the names noted since `forgetNames` may be the same: false is sure. */
export let namesRepeat: bool = false;

/** Begins to watch the names of pairs that lie there whole, and could be read again. */
export function forgetNames(): void {
  v128.store(noted, i64x2.splat(0));
  v128.store(noted, i64x2.splat(0), 16);
  names = 0;
  namesRepeat = false;
}

/** Notes a name, which lies in static memory. */
export function noteName(at: usize, size: u32): void {
  if (!size) return;
  const hash = hashLanes(at, size);
  const byte = noted + <usize>((hash >> 3) & 31);
  const bit = 1 << (hash & 7);
  const bits = <u32>load<u8>(byte);
  if (bits & bit || ++names > NOTED_MAX) namesRepeat = true;
  store<u8>(byte, <u8>(bits | bit));
}

const VALUE_KEPT_MAX: u32 = 1024;
const entry: usize = memory.data(16, 4);
let entries: u32 = 0;

/** Forgets all pairs. */
export function pollutionBegin(): void {
  ropeFree(extraRope());
}

/** Keeps one pair; [at, at + size) is the value's last piece, the pieces before are in the value's chain. */
export function pollutionAdd(nameAt: usize, nameSize: u32, at: usize, size: u32): void {
  const rope = extraRope();
  if (!nameSize) return;
  const mark = arenaMark();
  const kept = collectGather(at, size, VALUE_KEPT_MAX);
  if (rope.size + offsetof<Entry>() + nameSize + kept > POLLUTION_BYTES_MAX) reachLimit(Limit.POLLUTION);
  else {
    const head = changetype<Entry>(entry);
    head.hash = hashWord(nameAt, nameSize);
    head.nameSize = nameSize;
    head.valueSize = kept;
    const fits =
      ropeAppend(rope, entry, offsetof<Entry>()) &&
      ropeAppend(rope, nameAt, nameSize) &&
      ropeAppend(rope, gatheredAt, kept);
    if (!fits) reachLimit(Limit.MEMORY);
  }
  arenaRelease(mark);
}

/** Joins the values that share the first entry's name. @returns bytes written to `to` */
function join(all: usize, end: usize, first: Entry, to: usize): u32 {
  const start = to;
  let at = all;
  let some = false;
  while (at < end) {
    const one = changetype<Entry>(at);
    const value = at + <usize>(offsetof<Entry>() + one.nameSize);
    if (one.hash == first.hash) {
      if (some) store<u8>(to++, 0x2c);
      some = true;
      copyBytes(to, value, one.valueSize);
      to += <usize>one.valueSize;
    }
    at = value + <usize>one.valueSize;
  }
  return <u32>(to - start);
}

/** Looks at the joined values of every name that came twice, and forgets the pairs. */
export function pollutionEnd(where: Place, decoder: u32): void {
  const rope = extraRope();
  const size = rope.size;
  const mark = arenaMark();
  const all = size ? arenaAlloc(size) : 0;
  const joined = all ? arenaAlloc(size) : 0;
  if (size && !joined) reachLimit(Limit.MEMORY);
  if (joined) {
    ropeCopy(rope, 0, size, all);
    const end = all + <usize>size;
    let at = all;
    entries = 0;
    while (at < end) {
      const one = changetype<Entry>(at);
      if (entries++ == POLLUTION_NAMES_MAX) {
        reachLimit(Limit.POLLUTION);
        break;
      }
      if (isFirstOfSeveral(all, end, at)) {
        const bytes = join(all, end, one, joined);
        const depth = pointDepth();
        pushName(at + <usize>offsetof<Entry>(), one.nameSize);
        pushWord(Word.POLLUTION);
        beginAgain();
        inspectValue(where, decoder, joined, bytes, 0);
        endAgain();
        pointTruncate(depth);
      }
      at += <usize>(offsetof<Entry>() + one.nameSize + one.valueSize);
    }
  }
  arenaRelease(mark);
  ropeFree(rope);
}

/** Whether no earlier entry and at least one later entry has this entry's name. */
function isFirstOfSeveral(all: usize, end: usize, entryAt: usize): bool {
  const hash = changetype<Entry>(entryAt).hash;
  let later = false;
  let at = all;
  while (at < end) {
    const one = changetype<Entry>(at);
    if (at != entryAt && one.hash == hash) {
      if (at < entryAt) return false;
      later = true;
    }
    at += <usize>(offsetof<Entry>() + one.nameSize + one.valueSize);
  }
  return later;
}
