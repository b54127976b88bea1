/**
 * What a response should never show: here the password file of a Unix system, the proof that a traversal or an
 * inclusion worked. A leak is a line of seven fields (passwd(5)): name, password, two numbers, comment, home, shell.
 * It is told, not blocked: the request was the attack.
 */
import { isDigit } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

const FIELDS: u32 = 7;
const LINE_BYTES_MAX: usize = 256;

/** Whether the current layer can hold such a line. */
export function leakGate(): bool {
  const needed = Has.COLON | Has.SLASH | Has.DIGIT;
  return (layer.has & needed) == needed;
}

/** Whether [at, end) has seven fields of which the third and fourth are numbers and the sixth is a path. */
function isAccountLine(at: usize, end: usize): bool {
  let fields: u32 = 0;
  while (fields < FIELDS) {
    const stop = findByte(at, end, 0x3a);
    if (fields == 2 || fields == 3) {
      if (stop == at) return false;
      for (let p = at; p < stop; p++) if (!isDigit(load<u8>(p))) return false;
    }
    if (fields == 5 && (stop == at || load<u8>(at) != 0x2f)) return false;
    fields++;
    if (stop == end) break;
    at = stop + 1;
  }
  return fields == FIELDS;
}

/** Looks for account lines: the first two in a row are the leak. */
export function leakLex(): void {
  const end = layer.at + <usize>layer.size;
  let at = layer.at;
  let first: usize = 0;
  while (at < end) {
    const stop = findByte(at, end, 0x0a);
    if (stop - at < LINE_BYTES_MAX && isAccountLine(at, stop)) {
      if (first) {
        report(Signature.INFOLEAK_ACCOUNTS, first, stop);
        return;
      }
      first = at;
    } else first = 0;
    at = stop + 1;
  }
}
