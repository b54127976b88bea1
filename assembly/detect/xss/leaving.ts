/** Values that do nothing but end an attribute and its tag, and go on with markup of their own. */
import { isAlpha } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";

function isQuote(c: u32): bool {
  return c == 0x22 || c == 0x27 || c == 0x60;
}

/** Longest value looked at as one that leaves an attribute for an element: longer ones are pieces of a source. */
const LEAVING_BYTES_MAX: u32 = 512;

/** Where the value of a parameter begins that the first `<` stands in, if the layer is a query: `&q="><i>`. */
function innerValue(end: usize): usize {
  const first = <u32>load<u8>(layer.at);
  if (first != 0x26 && first != 0x3f) return layer.at;
  let p = findByte(layer.at, end, 0x3c);
  if (p == end) return layer.at;
  while (p > layer.at && load<u8>(p) != 0x3d) p--;
  return p > layer.at ? p + 1 : p;
}

/** A line that begins by ending an attribute and its tag, and goes on with an element: `"><i>`. */
export function scanLeaving(): void {
  if (layer.size > LEAVING_BYTES_MAX || layer.has & Has.NEWLINE) return;
  const end = layer.at + <usize>layer.size;
  const from = innerValue(end);
  let p = from;
  let quotes = false;
  let closes = false;
  while (p < end) {
    const c = <u32>load<u8>(p);
    if (isQuote(c) && !closes) quotes = true;
    else if (c == 0x3e && quotes) closes = true;
    else if (c > 32 && c != 0x5c && c != 0x2f && c != 0x29) break;
    p++;
  }
  if (!closes || p + 1 >= end || load<u8>(p) != 0x3c) return;
  const next = <u32>load<u8>(p + 1);
  if (isAlpha(next) || next == 0x21) report(Signature.XSS_ELEMENT, from, p + 2);
}
