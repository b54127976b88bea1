/**
 * The value of an attribute with its character references undone, as the tokenizer of HTML does it: after it has cut
 * the tag. Whoever undoes them before cuts at quotes that are none.
 */
import { stepEntity } from "../../decode/entity";
import { stepBytes, stepRead, stepSize } from "../../decode/step";

const BYTES_MAX: u32 = 2048;
/** Behind it, what a step stores and a look-up of the last word may load. */
const buffer: usize = memory.data(BYTES_MAX + 64, 16);

/** Where the value that `dereference` made begins and ends. */
export let referenceAt: usize = 0;
export let referenceEnd: usize = 0;

/**
 * Undoes the references in [at, end), of which the first bytes are looked at.
 * @returns false where there is none
 */
export function dereference(at: usize, end: usize): bool {
  const stop = end - at > <usize>BYTES_MAX ? at + <usize>BYTES_MAX : end;
  let to = buffer;
  let found = false;
  while (at < stop) {
    if (load<u8>(at) != 0x26) {
      store<u8>(to++, load<u8>(at++));
      continue;
    }
    stepEntity(at, end);
    store<u64>(to, stepBytes);
    if (stepRead > stepSize) found = true;
    to += <usize>stepSize;
    at += <usize>stepRead;
  }
  referenceAt = buffer;
  referenceEnd = to;
  return found;
}
