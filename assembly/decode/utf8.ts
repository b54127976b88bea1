/**
 * UTF-8 that says ASCII in a longer way: overlong forms of two to six bytes (RFC 3629 §10 forbids them, old decoders
 * and IIS accept them) and the full-width forms that back ends fold to ASCII. Everything else stays as it is.
 */
import { stepCodePoint, stepPlain, stepSet, stepSize } from "./step";

/** One step at a byte ≥ 0xC0. */
export function stepUtf8(at: usize, end: usize): void {
  const lead = <u32>load<u8>(at);
  let more: u32;
  let code: u32;
  if (lead < 0xe0) {
    more = 1;
    code = lead & 31;
  } else if (lead < 0xf0) {
    more = 2;
    code = lead & 15;
  } else if (lead < 0xf8) {
    more = 3;
    code = lead & 7;
  } else if (lead < 0xfc) {
    more = 4;
    code = lead & 3;
  } else if (lead < 0xfe) {
    more = 5;
    code = lead & 1;
  } else {
    stepPlain(lead);
    return;
  }
  if (at + <usize>more >= end) {
    stepPlain(lead);
    return;
  }
  for (let i: u32 = 1; i <= more; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if ((c & 0xc0) != 0x80) {
      stepPlain(lead);
      return;
    }
    code = (code << 6) | (c & 63);
  }
  if (code < 0x80) stepSet(more + 1, 1, <u64>code);
  else if (more == 2 && code >= 0x2000) {
    stepCodePoint(3, code);
    /* Honest text stays, so that no reading is made of it only to be found equal. */
    if (stepSize == 3) stepPlain(lead);
  } else stepPlain(lead);
}
