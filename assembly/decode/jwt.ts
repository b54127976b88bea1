/**
 * Signed tokens (RFC 7515, RFC 7519) and what is written like them: two or more parts in base64url, split by dots, of
 * which the first, or the first two, are JSON documents. The parts are values of their own, with `jwt.header` and
 * `jwt.payload` in their points; spans count from the part's begin.
 */
import { startsLower } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { Layer } from "./layer";
import { pointDepth, pointTruncate, pushWord, Word } from "./point";
import { Has } from "./profile";
import { place } from "./value";

/** Bytes of a scheme in front of a token: `Bearer `. */
const SCHEME_BYTES: u32 = 7;

/** Where the token begins in bytes that may have its scheme in front. @returns 0 where there is none */
export function tokenAt(at: usize, size: u32): usize {
  if (size < 12) return 0;
  if (isOpening(at)) return at;
  const behind = at + <usize>SCHEME_BYTES;
  return size > 24 && startsLower(at, size, "bearer ") && isOpening(behind) ? behind : 0;
}

/** Whether base64 begins like a document: with a brace, then a quote, which gives `eyJ`, or white space. */
export function isOpening(at: usize): bool {
  if (load<u8>(at) != 0x65) return false;
  const second = <u32>load<u8>(at + 1);
  const third = <u32>load<u8>(at + 2);
  if (second == 0x79) return third == 0x4a || third == 0x41;
  return second == 0x77 && (third == 0x6f || third == 0x30 || third == 0x6b);
}

/** Looks at the parts of a token, where the layer is one. */
export function inspectToken(one: Layer): void {
  if (!(one.has & Has.DOT)) return;
  const end = one.at + <usize>one.size;
  const from = tokenAt(one.at, one.size);
  if (!from) return;
  const dot = findByte(from, end, 0x2e);
  if (dot == end) return;
  inspectPart(one, Word.HEADER, from, dot);
  /* What follows is another document, or a date and a signature that say nothing. */
  if (end - dot > 3 && isOpening(dot + 1)) inspectPart(one, Word.PAYLOAD, dot + 1, findByte(dot + 1, end, 0x2e));
}

function inspectPart(one: Layer, word: Word, at: usize, end: usize): void {
  const depth = pointDepth();
  pushWord(Word.JWT);
  pushWord(word);
  inspectValue(place, Decoder.BASE64, at, <u32>(end - at), <u32>(at - one.at));
  pointTruncate(depth);
}
