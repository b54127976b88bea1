/** Whether a client would rather have a page than JSON, by its Accept field: as `prefersPage` of hosts/core. */
import { equalsLower, isDigit, isSpace } from "../../../assembly/bytes/ascii";

/** Entries beyond this many, and parameters of one entry beyond so many, are not looked at. */
const ENTRIES_MAX: u32 = 32;
const PARAMETERS_MAX: u32 = 8;

let from: usize = 0;
let to: usize = 0;

/** Takes white space off both ends of what lies between `from` and `to`. */
function trim(): void {
  while (from < to && isSpace(load<u8>(from))) from++;
  while (to > from && isSpace(load<u8>(to - 1))) to--;
}

/** Where the next of these bytes stands, or the end. */
function find(at: usize, end: usize, byte: u32): usize {
  while (at < end && <u32>load<u8>(at) != byte) at++;
  return at;
}

/** A quality in thousandths; -1 where the parameter is none. */
function qualityIn(at: usize, end: usize): i32 {
  from = at;
  to = end;
  trim();
  if (from == to || (load<u8>(from) | 32) != 0x71) return -1;
  from++;
  trim();
  if (from == to || load<u8>(from) != 0x3d) return -1;
  from++;
  trim();
  if (from == to || load<u8>(from) - 48 > 1) return -1;
  let value = (<i32>load<u8>(from) - 48) * 1000;
  if (++from == to) return value;
  if (load<u8>(from++) != 0x2e || to - from > 3) return -1;
  for (let unit = 100; from < to; from++, unit /= 10) {
    if (!isDigit(load<u8>(from))) return -1;
    value += (<i32>load<u8>(from) - 48) * unit;
  }
  return value;
}

function qualityOf(at: usize, end: usize): i32 {
  for (let i: u32 = 0; i < PARAMETERS_MAX && at < end; i++) {
    const stop = find(at + 1, end, 0x3b);
    const quality = qualityIn(at + 1, stop);
    if (quality >= 0) return quality;
    at = stop;
  }
  return 1000;
}

/** @returns whether the field names a page and does not like JSON better */
export function prefersPage(at: usize, size: u32): bool {
  const end = at + <usize>size;
  let html = 0;
  let json = 0;
  for (let i: u32 = 0; i < ENTRIES_MAX && at < end; i++) {
    const stop = find(at, end, 0x2c);
    const typed = find(at, stop, 0x3b);
    const quality = qualityOf(typed, stop);
    from = at;
    to = typed;
    trim();
    const type = <u32>(to - from);
    if (equalsLower(from, type, "text/html") || equalsLower(from, type, "application/xhtml+xml"))
      html = html > quality ? html : quality;
    else if (equalsLower(from, type, "application/json") || equalsLower(from, type, "application/problem+json"))
      json = json > quality ? json : quality;
    at = stop + 1;
  }
  return html > 0 && html >= json;
}
