/**
 * Texts of JSON (RFC 8259 §7): escapes are undone as they come, and what they say is read by the machines of the text's
 * node, so that no text need be kept however long it is.
 */
import { hexValue } from "../../bytes/ascii";
import { zeroBytes } from "../../bytes/guard";
import { automatonFinds, automatonRun, automatonStart } from "../rule/automaton";
import { countCharacters } from "../rule/subject";
import { ANY, MACHINES_MAX, machineIn, Node, nodeIn, textIn } from "./rows";

/** Where the reader of a text stands. */
@unmanaged
export class TextState {
  /** 0 outside of escapes, 1 behind a backslash, from 2 on behind `\u` and so many digits. */
  escape: u32;
  code: u32;
  /** First half of a pair that has had no second yet. */
  half: u32;
  characters: u32;
  /** States of the machines, 16 bits each. */
  states0: u64;
  states1: u64;
  /** Bytes that the last escape gave: of a half that found no other, and of its own. */
  out: u64;
  outSize: u32;
}

let automata: usize = 0;

/** Says where the machines of the image lie. */
export function textUse(at: usize): void {
  automata = at;
}

function stateAt(state: TextState, machine: u32): usize {
  return changetype<usize>(state) + offsetof<TextState>("states0") + ((<usize>machine) << 1);
}

/** Starts on a text. @param node what it has to be */
export function textBegin(state: TextState, node: u32): void {
  zeroBytes(changetype<usize>(state), offsetof<TextState>());
  if (node == ANY) return;
  const row = nodeIn(node);
  for (let i: u32 = 0; i < row.machineCount && i < MACHINES_MAX; i++) {
    store<u16>(stateAt(state, i), <u16>automatonStart(automata + <usize>machineIn(row.machines + i)));
  }
}

/** Reads bytes of a text, its escapes undone. */
export function textFeed(state: TextState, node: u32, at: usize, size: u32): void {
  if (node == ANY) return;
  const row = nodeIn(node);
  if (!row.textCount) return;
  state.characters += countCharacters(at, size);
  for (let i: u32 = 0; i < row.machineCount && i < MACHINES_MAX; i++) {
    const one = stateAt(state, i);
    const machine = automata + <usize>machineIn(row.machines + i);
    store<u16>(one, <u16>automatonRun(machine, <u32>load<u16>(one), at, size));
  }
}

/** Whether the text is right in one of the ways that its node takes. */
export function textFits(state: TextState, node: Node): bool {
  if (!node.textCount) return true;
  let found: u32 = 0;
  for (let i: u32 = 0; i < node.machineCount && i < MACHINES_MAX; i++) {
    const machine = automata + <usize>machineIn(node.machines + i);
    if (automatonFinds(machine, <u32>load<u16>(stateAt(state, i)))) found |= (<u32>1) << i;
  }
  for (let i: u32 = 0; i < node.textCount; i++) {
    const one = textIn(node.texts + i);
    if ((found & one.machines) != one.machines) continue;
    if (state.characters >= one.least && state.characters <= one.most) return true;
  }
  return false;
}

/** Adds a character in UTF-8; half a pair is written as one would be, so that it counts. */
function put(state: TextState, code: u32): void {
  const out = changetype<usize>(state) + offsetof<TextState>("out");
  let at = out + <usize>state.outSize;
  if (code < 0x80) {
    store<u8>(at, code);
    state.outSize++;
    return;
  }
  const more: u32 = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const lead: u32 = more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0;
  store<u8>(at++, <u8>(lead | (code >> (more * 6))));
  for (let i = more; i; i--) store<u8>(at++, <u8>(0x80 | ((code >> ((i - 1) * 6)) & 0x3f)));
  state.outSize += more + 1;
}

/** Begins what the next bytes give: with the half that found no other. */
export function textFlush(state: TextState): void {
  state.outSize = 0;
  if (!state.half) return;
  const half = state.half;
  state.half = 0;
  put(state, half);
}

/** What a letter behind a backslash means; 0 for none. */
function meaning(c: u32): u32 {
  switch (c) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return c;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    default:
      return 0;
  }
}

/** Takes a unit of UTF-16: pairs become one character. */
function putUnit(state: TextState, unit: u32): void {
  if (state.half && (unit & 0xfc00) == 0xdc00) {
    const code = 0x10000 + ((state.half & 0x3ff) << 10) + (unit & 0x3ff);
    state.half = 0;
    state.outSize = 0;
    put(state, code);
    return;
  }
  textFlush(state);
  if ((unit & 0xfc00) == 0xd800) state.half = unit;
  else put(state, unit);
}

/** Reads a byte of an escape; what it gives is in `out`. @returns false for what is no escape */
export function textEscape(state: TextState, c: u32): bool {
  state.outSize = 0;
  if (state.escape == 1) {
    if (c == 0x75) {
      state.escape = 2;
      state.code = 0;
      return true;
    }
    state.escape = 0;
    const code = meaning(c);
    textFlush(state);
    if (code) put(state, code);
    return code != 0;
  }
  const digit = hexValue(c);
  if (digit > 15) return false;
  state.code = (state.code << 4) | digit;
  if (++state.escape < 6) return true;
  state.escape = 0;
  putUnit(state, state.code);
  return true;
}
