/**
 * Entities that multiply each other. What a bomb IS: internal entities whose references double at three levels, one
 * above the other, or that become a thousand times the bytes that came. What is none: entities that stand for words or
 * addresses, as drawings and old web pages have them, and parameter entities that put a document type together.
 */
import { TOKENS_MAX } from "../../abi/limits";
import { isSpace } from "../../bytes/ascii";
import { findByte, sameBytes } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { spend } from "../../decode/value";

/** Entities looked at in one value. */
const ENTITIES_MAX: u32 = 32;
/** Times that sizes are computed anew, since an entity may refer to one declared later. */
const PASSES_MAX: u32 = 4;
/** Bytes of a reference's name. */
const NAME_MAX: u32 = 64;
/** Levels of doubling that no author needs. */
const LEVELS: u32 = 3;
/** Bytes that references may become in all. */
const BYTES: u32 = 1048576;
/** References of one entity that are told apart. */
const APART: u32 = 8;

/** One internal entity. */
@unmanaged
class Entity {
  nameAt: usize;
  nameSize: u32;
  valueAt: usize;
  valueSize: u32;
  /** Bytes when everything in it is undone, at most BYTES. */
  size: u32;
  /** How often it doubles. */
  level: u32;
}

const ENTITY_BYTES: u32 = 24;
const table: usize = memory.data(ENTITIES_MAX * ENTITY_BYTES, 16);
let count: u32 = 0;

function entityOf(index: u32): Entity {
  return changetype<Entity>(table + <usize>(index * ENTITY_BYTES));
}

/** Forgets all entities. */
export function bombBegin(): void {
  count = 0;
}

/** Notes an internal entity. */
export function bombAdd(nameAt: usize, nameSize: u32, valueAt: usize, valueSize: u32): void {
  if (count == ENTITIES_MAX) return;
  const one = entityOf(count++);
  one.nameAt = nameAt;
  one.nameSize = nameSize;
  one.valueAt = valueAt;
  one.valueSize = valueSize;
  one.size = valueSize;
  one.level = 0;
}

/** The reference read last: the entity's number, `count` for one unknown, and where it ends. */
let referred: u32 = 0;
let referenceEnd: usize = 0;

/** Reads a reference at `&` or `%`; `&#37;` and `&#x25;` stand for the latter. @returns false for none */
function readReference(at: usize, end: usize): bool {
  let name = at + 1;
  if (end - at > 6 && load<u8>(at) == 0x26 && load<u8>(name) == 0x23) {
    const decimal = load<u8>(at + 2) == 0x33 && load<u8>(at + 3) == 0x37 && load<u8>(at + 4) == 0x3b;
    const hex = (load<u8>(at + 2) | 32) == 0x78 && load<u8>(at + 3) == 0x32 && load<u8>(at + 4) == 0x35;
    if (decimal) name = at + 5;
    else if (hex && load<u8>(at + 5) == 0x3b) name = at + 6;
    else return false;
  }
  const most = name + <usize>NAME_MAX < end ? name + <usize>NAME_MAX : end;
  let stop = name;
  while (stop < most && load<u8>(stop) != 0x3b && !isSpace(load<u8>(stop))) stop++;
  if (stop == most || stop == name || load<u8>(stop) != 0x3b) return false;
  const size = <u32>(stop - name);
  referenceEnd = stop + 1;
  for (referred = 0; referred < count; referred++) {
    const one = entityOf(referred);
    if (one.nameSize == size && sameBytes(one.nameAt, name, size)) return true;
  }
  return false;
}

function nextMark(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) != 0x26 && load<u8>(at) != 0x25) at++;
  return at;
}

/** Computes an entity's size and level from those of the entities in it. @returns whether something changed */
function measure(one: Entity): bool {
  const seen = memory.data(32, 16);
  let kinds: u32 = 0;
  let size = one.valueSize;
  let level: u32 = 0;
  const end = one.valueAt + <usize>one.valueSize;
  let at = nextMark(one.valueAt, end);
  while (at < end) {
    if (readReference(at, end)) {
      const inner = entityOf(referred);
      size = size + inner.size < BYTES ? size + inner.size : BYTES;
      let known: u32 = 0;
      while (known < kinds && load<u32>(seen + ((<usize>known) << 2)) != referred) known++;
      if (known < kinds && inner.level + 1 > level) level = inner.level + 1;
      if (known == kinds && kinds < APART) {
        store<u32>(seen + ((<usize>kinds) << 2), referred);
        kinds++;
      }
      at = referenceEnd - 1;
    }
    at = nextMark(at + 1, end);
  }
  if (size == one.size && level == one.level) return false;
  one.size = size;
  one.level = level;
  return true;
}

/** Whether the references in [at, end) become far more bytes than came. */
function swells(at: usize, end: usize): bool {
  let size: u32 = 0;
  for (let i: u32 = 0; i < TOKENS_MAX; i++) {
    at = findByte(at, end, 0x26);
    if (at == end) return false;
    if (!spend(count)) return false;
    if (readReference(at, end)) {
      size += entityOf(referred).size;
      if (size >= BYTES) return true;
    }
    at++;
  }
  return false;
}

/** Whether the noted entities are a bomb. @param at the document behind its declarations */
export function isBomb(at: usize, end: usize): bool {
  if (!count) return false;
  for (let pass: u32 = 0; pass < PASSES_MAX; pass++) {
    let changed = false;
    for (let i: u32 = 0; i < count; i++) {
      const one = entityOf(i);
      if (!spend(one.valueSize + 16)) return false;
      if (measure(one)) changed = true;
      if (one.level >= LEVELS || one.size >= BYTES) return true;
    }
    if (!changed) break;
  }
  return layer.size > 1024 && swells(at, end);
}
