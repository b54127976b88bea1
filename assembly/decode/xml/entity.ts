/**
 * Internal entities of an XML document: declared in its internal subset, undone where text and attributes refer to
 * them, a few and bounded. What would grow beyond the bounds stays a reference, and the limit is told.
 */
import { ENTITIES_MAX, ENTITY_BYTES_MAX, ENTITY_DEPTH_MAX, EXPANDED_BYTES_MAX } from "../../abi/limits";
import { Limit } from "../../abi/status";
import { isSpace, startsLower } from "../../bytes/ascii";
import { findByte, sameBytes } from "../../bytes/scan";
import { collectAdd } from "../collect";
import { Place } from "../point";
import { reachLimit } from "../transaction";
import { ENTITY_ENTRY_BYTES, entityEntries, entityText, keepEntityBytes, REFERENCE_BYTES_MAX, XmlState } from "./state";

/** One entity: begins in the entities' text, and sizes. */
@unmanaged
class Entry {
  nameAt: u16;
  nameSize: u16;
  valueAt: u16;
  valueSize: u16;
}

function entryOf(state: XmlState, index: u32): Entry {
  return changetype<Entry>(entityEntries(state) + <usize>(index * ENTITY_ENTRY_BYTES));
}

/** @returns the number of the entity with this name, or `entities` for none; the first declaration counts */
function find(state: XmlState, at: usize, size: u32): u32 {
  const text = entityText(state);
  for (let i: u32 = 0; i < state.entities; i++) {
    const one = entryOf(state, i);
    if (<u32>one.nameSize == size && sameBytes(text + <usize>one.nameAt, at, size)) return i;
  }
  return state.entities;
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** A byte that a name may have, by what it is not. */
function isNameByte(c: u32): bool {
  return c > 0x20 && c != 0x22 && c != 0x27 && c != 0x26 && c != 0x3b && c != 0x25 && c != 0x3c && c != 0x3e;
}

/**
 * Keeps a general entity with its value, which is empty where it would be fetched. Of a parameter entity, which the
 * subset may take in where it stands, the general ones that its value declares are kept.
 * @param at the declaration behind `<!ENTITY`
 */
export function declareEntity(state: XmlState, at: usize, end: usize): void {
  at = skipSpace(at, end);
  const isParameter = at < end && load<u8>(at) == 0x25;
  if (isParameter) at = skipSpace(at + 1, end);
  const name = at;
  while (at < end && isNameByte(load<u8>(at))) at++;
  const nameSize = <u32>(at - name);
  at = skipSpace(at, end);
  if (!nameSize || at == end) return;
  const quote = <u32>load<u8>(at);
  if (quote != 0x22 && quote != 0x27) {
    /* What is not fetched is nothing: a reference to it parts no text. */
    if (!isParameter && (startsLower(at, <u32>(end - at), "system") || startsLower(at, <u32>(end - at), "public"))) {
      keepEntity(state, name, nameSize, at, 0, true);
    }
    return;
  }
  at++;
  const stop = findByte(at, end, quote);
  if (!isParameter) {
    keepEntity(state, name, nameSize, at, <u32>(stop - at), stop < end);
    return;
  }
  while (at < stop) {
    if (startsLower(at, <u32>(stop - at), "<!entity") && isSpace(load<u8>(at + 8))) declareInner(state, at + 8, stop);
    at = findByte(at + 1, stop, 0x3c);
  }
}

/** A declaration inside a parameter entity's value. */
function declareInner(state: XmlState, at: usize, end: usize): void {
  const name = skipSpace(at, end);
  if (name < end && load<u8>(name) != 0x25) declareEntity(state, name, end);
}

function keepEntity(state: XmlState, name: usize, nameSize: u32, value: usize, valueSize: u32, whole: bool): void {
  if (find(state, name, nameSize) < state.entities) return;
  const nameAt = state.entityBytes;
  const fits = whole && state.entities < ENTITIES_MAX && nameSize + valueSize <= ENTITY_BYTES_MAX - nameAt;
  if (!fits || !keepEntityBytes(state, name, nameSize) || !keepEntityBytes(state, value, valueSize)) {
    reachLimit(Limit.ENTITIES);
    return;
  }
  const one = entryOf(state, state.entities);
  state.entities++;
  one.nameAt = <u16>nameAt;
  one.nameSize = <u16>nameSize;
  one.valueAt = <u16>(nameAt + nameSize);
  one.valueSize = <u16>valueSize;
}

/** Adds an entity's value to the current value, with the entities in it. */
function expand(state: XmlState, index: u32, depth: u32, where: Place, decoder: u32): void {
  const one = entryOf(state, index);
  let at = entityText(state) + <usize>one.valueAt;
  const end = at + <usize>one.valueSize;
  let from = at;
  while (at < end) {
    at = findByte(at, end, 0x26);
    if (at == end) break;
    const most = at + <usize>REFERENCE_BYTES_MAX < end ? at + <usize>REFERENCE_BYTES_MAX : end;
    const stop = findByte(at, most, 0x3b);
    const inner = stop == most ? state.entities : find(state, at + 1, <u32>(stop - at) - 1);
    if (inner == state.entities) {
      at++;
      continue;
    }
    if (depth == ENTITY_DEPTH_MAX || state.expanded > EXPANDED_BYTES_MAX) {
      reachLimit(Limit.ENTITIES);
      break;
    }
    collectAdd(where, decoder, from, <u32>(at - from));
    expand(state, inner, depth + 1, where, decoder);
    at = stop + 1;
    from = at;
  }
  collectAdd(where, decoder, from, <u32>(end - from));
  state.expanded += <u32>(end - from) + 1;
}

/** Undoes a reference in the current value. @returns false where no such entity was declared, or too much came */
export function undoReference(state: XmlState, at: usize, size: u32, where: Place, decoder: u32): bool {
  const index = find(state, at, size);
  if (index == state.entities) return false;
  if (state.expanded > EXPANDED_BYTES_MAX) {
    reachLimit(Limit.ENTITIES);
    return false;
  }
  expand(state, index, 0, where, decoder);
  return true;
}
