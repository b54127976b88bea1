/**
 * What a response should never show, and what proves that an attack worked: account files, keys, errors of SQL engines,
 * stack traces, listings, source text. It is told, not blocked: the request was the attack. Together with an attack in
 * the request it makes an incident (policy/incident.ts).
 */
import { Limit } from "../../abi/status";
import { isWord } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { reachLimit } from "../../decode/transaction";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import { isAccountLine, isShadowLine, LINE_BYTES_MAX } from "./accounts";
import { isFrame } from "./frame";
import { messageAt, messageEnd } from "./message";

/** The shortest response that shows something. */
const LEAK_BYTES_MIN: u32 = 12;
/** Lines of an account file in a row, and of a stack trace, that make one. */
const LINES_MIN: u32 = 2;

/** Whether the signature is one of this room. */
export function isLeak(signature: u32): bool {
  return signature >= <u32>Signature.INFOLEAK_ACCOUNTS && signature <= <u32>Signature.INFOLEAK_SOURCE;
}

/** Whether the current layer can hold such a thing. */
export function leakGate(): bool {
  return layer.size >= LEAK_BYTES_MIN;
}

/** Looks at each line as a whole. */
function readLines(at: usize, end: usize): void {
  let accounts: u32 = 0;
  let frames: u32 = 0;
  let account: usize = 0;
  let frame: usize = 0;
  while (at < end) {
    const stop = findByte(at, end, 0x0a);
    const short = stop - at < LINE_BYTES_MAX;
    if (short && isShadowLine(at, stop)) report(Signature.INFOLEAK_SHADOW, at, stop);
    if (short && isAccountLine(at, stop)) {
      if (!accounts++) account = at;
      if (accounts == LINES_MIN) report(Signature.INFOLEAK_ACCOUNTS, account, stop);
    } else accounts = 0;
    /* A frame may be followed by the source line it stands on. */
    if (short && isFrame(at, stop)) {
      if (!frames++) frame = at;
      if (frames == LINES_MIN) report(Signature.INFOLEAK_TRACE, frame, stop);
    }
    at = stop + 1;
  }
}

/** Looks at each word's begin. */
function readWords(at: usize, end: usize): void {
  const from = at;
  let inside = false;
  for (; at + 4 <= end; at++) {
    if (!isWord(load<u8>(at))) {
      inside = false;
      continue;
    }
    if (inside) continue;
    inside = true;
    const signature = messageAt(from, at, end);
    if (signature) report(<Signature>signature, at, messageEnd < end ? messageEnd : end);
  }
}

/** Looks for leaks in the current layer. */
export function leakLex(): void {
  if (!spend(layer.size * 4)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  readLines(layer.at, end);
  readWords(layer.at, end);
}
