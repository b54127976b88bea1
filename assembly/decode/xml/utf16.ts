/**
 * UTF-16 as some XML documents are written, and UTF-32 with it: units of two bytes become UTF-8 before a parser sees
 * them, U+0000 and the byte order mark are left out. What is left of a piece waits in the parser's state.
 */
import { arenaAlloc } from "../../bytes/arena";
import { XmlState } from "./state";

/** Order of the bytes of a unit. */
export enum Wide {
  NONE = 0,
  LITTLE = 1,
  BIG = 2,
}

/** Set in `wideHeld` when a byte waits. */
const HELD: u32 = 256;

/** The last piece as UTF-8: address; 0 when the scratch is used up. */
export let narrowAt: usize = 0;

/** Nothing is folded to ASCII here: a full-width `<` is no markup. @returns where the next byte goes */
function writeUtf8(to: usize, code: u32): usize {
  if (code < 0x80) {
    store<u8>(to, <u8>code);
    return to + 1;
  }
  if (code < 0x800) {
    store<u8>(to, <u8>(0xc0 | (code >> 6)));
    store<u8>(to + 1, <u8>(0x80 | (code & 63)));
    return to + 2;
  }
  if (code < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (code >> 12)));
    store<u8>(to + 1, <u8>(0x80 | ((code >> 6) & 63)));
    store<u8>(to + 2, <u8>(0x80 | (code & 63)));
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (code >> 18)));
  store<u8>(to + 1, <u8>(0x80 | ((code >> 12) & 63)));
  store<u8>(to + 2, <u8>(0x80 | ((code >> 6) & 63)));
  store<u8>(to + 3, <u8>(0x80 | (code & 63)));
  return to + 4;
}

/** Decodes the next piece. @returns bytes at `narrowAt` */
export function narrow(state: XmlState, at: usize, size: u32): u32 {
  narrowAt = arenaAlloc((size + 2) * 2);
  if (!narrowAt) return 0;
  let to = narrowAt;
  const end = at + <usize>size;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (!state.wideHeld) {
      state.wideHeld = HELD | c;
      continue;
    }
    const first = state.wideHeld & 255;
    state.wideHeld = 0;
    let code = state.wide == <u32>Wide.LITTLE ? first | (c << 8) : (first << 8) | c;
    if ((code & 0xfc00) == 0xd800) {
      state.wideHigh = code;
      continue;
    }
    if ((code & 0xfc00) == 0xdc00) code = 0x10000 + ((state.wideHigh & 0x3ff) << 10) + (code & 0x3ff);
    if (!code || code == 0xfeff) continue;
    to = writeUtf8(to, code);
  }
  return <u32>(to - narrowAt);
}
