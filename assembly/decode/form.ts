/**
 * Pairs of names and values: queries, urlencoded forms and cookie headers, in any number of pieces. Names are values
 * too where they are more than a word, or where no value follows.
 */
import { NAME_BYTES_MAX, PAIRS_MAX, VALUE_BYTES_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { isAlpha, isDigit } from "../bytes/ascii";
import { copyBytes } from "../bytes/guard";
import { findByte, findEither } from "../bytes/scan";
import { collectAdd, collectBegin, collectEnd, collectedBytes } from "./collect";
import { Place, pointDepth, pointTruncate, pushName } from "./point";
import { forgetNames, namesRepeat, noteName, pollutionAdd, pollutionBegin, pollutionEnd } from "./pollution";
import { current, reachLimit } from "./transaction";

/** Where a parser of pairs stands; NAME_BYTES_MAX bytes of the current name follow it. */
@unmanaged
export class FormState {
  /** 0 in a name, 1 in a value. */
  inValue: u32;
  separator: u32;
  namePlace: u32;
  valuePlace: u32;
  decoder: u32;
  /** Bytes of the current name that are kept. */
  nameSize: u32;
  /** The current name is longer than what is kept. */
  nameCut: u32;
  pairs: u32;
  /** Bytes were read since the last separator. */
  started: u32;
  /** The pairs lie there whole and can be read again. */
  whole: u32;
}

/** Bytes of a parser's state with the room for the current name. */
export const FORM_STATE_BYTES: u32 = offsetof<FormState>() + NAME_BYTES_MAX;

/** Starts on pairs split by `separator`. */
export function formBegin(state: FormState, separator: u32, names: Place, values: Place, decoder: u32): void {
  state.inValue = 0;
  state.nameSize = 0;
  state.nameCut = 0;
  state.pairs = 0;
  state.started = 0;
  state.whole = 0;
  state.separator = separator;
  state.namePlace = <u32>names;
  state.valuePlace = <u32>values;
  state.decoder = decoder;
  collectBegin();
}

function nameAt(state: FormState): usize {
  return changetype<usize>(state) + offsetof<FormState>();
}

/** Words of letters, digits, `_`, `-`, `.`; of parameters, more dots or `__` in front may be a way through objects. */
function isPlainName(at: usize, size: u32, cookie: bool): bool {
  const end = at + <usize>size;
  if (!cookie && size > 2 && load<u16>(at) == 0x5f5f) return false;
  let dots: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x2e) dots++;
    else if (!isAlpha(c) && !isDigit(c) && c != 0x5f && c != 0x2d) return false;
  }
  return dots < 2 || cookie;
}

/** Keeps the next bytes of the current name, so that how they came never shows. Cookies have a space before theirs. */
function keepName(state: FormState, at: usize, size: u32): void {
  while (size && !state.nameSize && state.separator == 0x3b && load<u8>(at) == 0x20) {
    at++;
    size--;
  }
  const room = NAME_BYTES_MAX - state.nameSize;
  if (size > room) {
    state.nameCut = 1;
    size = room;
  }
  copyBytes(nameAt(state) + <usize>state.nameSize, at, size);
  state.nameSize += size;
}

/** A name is complete: [at, at + size) is its last piece. */
function endName(state: FormState, at: usize, size: u32, alone: bool): void {
  keepName(state, at, size);
  if (state.nameCut) reachLimit(Limit.NAME);
  if (alone || state.nameCut || !isPlainName(nameAt(state), state.nameSize, state.separator == 0x3b)) {
    collectEnd(<Place>state.namePlace, state.decoder, at, size);
  }
  collectBegin();
}

/** A value is complete: [at, at + size) is its last piece. */
function endPairValue(state: FormState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushName(nameAt(state), state.nameSize);
  /* Cookies are not joined with anything; nor is a value that takes more than one window. */
  const fits = !current.valueStart && collectedBytes() + size <= VALUE_BYTES_MAX;
  if (fits && state.separator == 0x26) {
    if (state.whole) noteName(nameAt(state), state.nameSize);
    else pollutionAdd(nameAt(state), state.nameSize, at, size);
  }
  collectEnd(<Place>state.valuePlace, state.decoder, at, size);
  collectBegin();
  pointTruncate(depth);
}

function endPair(state: FormState, at: usize, size: u32): void {
  if (state.inValue) endPairValue(state, at, size);
  else if (state.started || size) endName(state, at, size, true);
  state.inValue = 0;
  state.started = 0;
  state.nameSize = 0;
  state.nameCut = 0;
  if (++state.pairs == PAIRS_MAX) reachLimit(Limit.PAIRS);
}

/** Keeps a piece whose end is not in sight. */
function keepPiece(state: FormState, at: usize, size: u32): void {
  if (!size) return;
  state.started = 1;
  const depth = pointDepth();
  if (state.inValue) pushName(nameAt(state), state.nameSize);
  else keepName(state, at, size);
  collectAdd(<Place>(state.inValue ? state.valuePlace : state.namePlace), state.decoder, at, size);
  pointTruncate(depth);
}

/**
 * Reads the next piece.
 * @param last whether it is the last: then the open pair is complete
 */
export function formFeed(state: FormState, at: usize, size: u32, last: bool): void {
  const end = at + <usize>size;
  let from = at;
  while (at < end) {
    at = state.inValue ? findByte(at, end, state.separator) : findEither(at, end, state.separator, 0x3d);
    if (at == end) break;
    if (load<u8>(at) == state.separator) endPair(state, from, <u32>(at - from));
    else {
      endName(state, from, <u32>(at - from), false);
      state.inValue = 1;
      state.started = 1;
    }
    from = ++at;
  }
  if (last) endPair(state, from, <u32>(end - from));
  else keepPiece(state, from, <u32>(end - from));
}

/** Reads pairs that lie there whole, and what parameters that come more than once give together. */
export function formWhole(at: usize, size: u32, separator: u32, names: Place, values: Place, decoder: u32): void {
  const state = changetype<FormState>(wholeState);
  formBegin(state, separator, names, values, decoder);
  state.whole = 1;
  forgetNames();
  formFeed(state, at, size, true);
  if (namesRepeat) joinWhole(at, size, values, decoder);
}

/** Goes through the pairs again, now that names are known to come more than once. */
function joinWhole(at: usize, size: u32, values: Place, decoder: u32): void {
  const end = at + <usize>size;
  pollutionBegin();
  for (let pairs: u32 = 0; at < end && pairs < PAIRS_MAX; pairs++) {
    const stop = findByte(at, end, 0x26);
    const equals = findByte(at, stop, 0x3d);
    const value = equals + 1;
    const name = <u32>(equals - at);
    if (value <= stop && <u32>(stop - value) <= VALUE_BYTES_MAX) {
      pollutionAdd(at, name < NAME_BYTES_MAX ? name : NAME_BYTES_MAX, value, <u32>(stop - value));
    }
    at = stop + 1;
  }
  pollutionEnd(values, decoder);
}

const wholeState: usize = memory.data(FORM_STATE_BYTES, 16);
