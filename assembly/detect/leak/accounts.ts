/**
 * Lines of a Unix system's account files: of passwd(5), seven fields of which the third and fourth are numbers and the
 * sixth is a path; of shadow(5), a password's hash and when it was set.
 */
import { isDigit } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";

const PASSWD_FIELDS: u32 = 7;
/** Longest line that is looked at. */
export const LINE_BYTES_MAX: usize = 256;

/** Whether [at, end) is one number or more digits. */
function isNumber(at: usize, end: usize): bool {
  if (at == end) return false;
  while (at < end) if (!isDigit(load<u8>(at++))) return false;
  return true;
}

/** Whether the line [at, end) is one of a password file. */
export function isAccountLine(at: usize, end: usize): bool {
  let fields: u32 = 0;
  while (fields < PASSWD_FIELDS) {
    const stop = findByte(at, end, 0x3a);
    if ((fields == 2 || fields == 3) && !isNumber(at, stop)) return false;
    if (fields == 5 && (stop == at || load<u8>(at) != 0x2f)) return false;
    fields++;
    if (stop == end) break;
    at = stop + 1;
  }
  return fields == PASSWD_FIELDS;
}

/** Whether the line [at, end) is one of a shadow file, with a hash as crypt(5) has it: `name:$id$salt$hash:days:`. */
export function isShadowLine(at: usize, end: usize): bool {
  const hash = findByte(at, end, 0x3a) + 1;
  if (hash - at < 2 || hash + 4 > end || load<u8>(hash) != 0x24) return false;
  const stop = findByte(hash, end, 0x3a);
  const days = findByte(stop + 1 < end ? stop + 1 : end, end, 0x3a);
  if (days == end || !isNumber(stop + 1, days)) return false;
  const salt = findByte(hash + 1, stop, 0x24);
  return salt < stop && findByte(salt + 1, stop, 0x24) < stop;
}
