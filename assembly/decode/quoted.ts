/**
 * Quoted-printable (RFC 2045 §6.7), as parts of a multipart body may have it and encoded words of a file's name: `=XX`,
 * and a line's end behind a sign is none. A malformed escape stays as it is.
 */
import { hexValue } from "../bytes/ascii";
import { stepPlain, stepSet } from "./step";

/** One step at a `=`. */
export function stepQuoted(at: usize, end: usize): void {
  if (at + 1 < end && load<u8>(at + 1) == 0x0a) {
    stepSet(2, 0, 0);
    return;
  }
  if (at + 2 < end) {
    if (load<u8>(at + 1) == 0x0d && load<u8>(at + 2) == 0x0a) {
      stepSet(3, 0, 0);
      return;
    }
    const high = hexValue(load<u8>(at + 1));
    const low = hexValue(load<u8>(at + 2));
    if ((high | low) < 16) {
      stepSet(3, 1, <u64>((high << 4) | low));
      return;
    }
  }
  stepPlain(0x3d);
}
