/**
 * Percent escapes of URLs and forms: `%XX`, and IIS's `%uXXXX`. A malformed escape stays as it is, as browsers and
 * most servers leave it (https://url.spec.whatwg.org/#percent-decode); lexers that care look at it themselves.
 */
import { hexValue } from "../bytes/ascii";
import { stepCodePoint, stepPlain, stepSet } from "./step";

/** One step at a `%`. */
export function stepPercent(at: usize, end: usize): void {
  if (at + 2 < end) {
    const high = hexValue(load<u8>(at + 1));
    if (high < 16) {
      const low = hexValue(load<u8>(at + 2));
      if (low < 16) {
        stepSet(3, 1, <u64>((high << 4) | low));
        return;
      }
    } else if ((load<u8>(at + 1) | 32) == 0x75 && at + 5 < end) {
      const a = hexValue(load<u8>(at + 2));
      const b = hexValue(load<u8>(at + 3));
      const c = hexValue(load<u8>(at + 4));
      const d = hexValue(load<u8>(at + 5));
      if ((a | b | c | d) < 16) {
        stepCodePoint(6, (a << 12) | (b << 8) | (c << 4) | d);
        return;
      }
    }
  }
  stepPlain(0x25);
}
