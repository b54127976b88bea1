/**
 * Tags in encodings that old browsers guessed, where nothing said otherwise: what the page's program takes for other
 * characters is `<` and `>` to them.
 */
import { isAlpha, startsLower } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";

let end: usize = 0;

/** @returns address behind `ADw-` or `AD4-` at `at`, or 0 */
function utf7At(at: usize, literal: string): usize {
  return at + 4 <= end && startsLower(at, 4, literal) ? at + 4 : 0;
}

/** A tag in UTF-7 (RFC 2152): `+ADw-script+AD4-`. A form may have taken the pluses for spaces. */
export function scanUtf7(): void {
  end = layer.at + <usize>layer.size;
  let open: usize = 0;
  for (let at = layer.at; at + 4 < end; at++) {
    const c = <u32>load<u8>(at);
    if (c != 0x2b && c != 0x20) continue;
    const less = utf7At(at + 1, "adw-");
    if (less && less < end && isAlpha(load<u8>(less))) open = at;
    else if (open && utf7At(at + 1, "ad4-")) {
      report(Signature.XSS_SCRIPT, open, at + 5);
      return;
    }
  }
}

/** Whether the bytes before `at` are a `<` of ASCII with the eighth bit set, or of UTF-16 in the wrong order. */
function shiftedLess(at: usize): bool {
  if (at == layer.at) return false;
  const last = <u32>load<u8>(at - 1);
  if (last == 0xbc) return true;
  return last == 0x80 && at >= layer.at + 3 && load<u8>(at - 2) == 0xb0 && load<u8>(at - 3) == 0xe3;
}

/** A script element whose brackets have the eighth bit set (`\xBCscript\xBE`), or stand in UTF-16 as U+3C00, U+3E00. */
export function scanShifted(): void {
  end = layer.at + <usize>layer.size;
  for (let at = layer.at; at + 7 < end; at++) {
    if (<u32>load<u8>(at) < 0x80 || !startsLower(at + 1, 6, "script")) continue;
    const next = <u32>load<u8>(at + 7);
    if (next < 0x80 || !shiftedLess(at + 1)) continue;
    report(Signature.XSS_SCRIPT, at, at + 7);
    return;
  }
}
