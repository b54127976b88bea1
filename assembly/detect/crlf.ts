/**
 * Line breaks that begin a header field, a message or a body of their own.
 *
 * What an attack IS: a value that a program copies into a header, with a line break in it and behind the break what
 * HTTP reads there: a field (RFC 9112 §5), a status line (§4), a request line (§3) or, behind an empty line, a body.
 * A line break is CR or LF in any order, and a character whose code's low byte is one of them, because programs that
 * write UTF-16 as bytes cut off the high byte. What is none: text of several lines. In parameters of the head a known
 * field name is enough, because nobody writes lines there; in bodies the value must be short, and its second line
 * must be a field that changes how a message is read.
 */
import { BOUNDARY_BYTES_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { isAlpha, isDigit, isRow, startsLower } from "../bytes/ascii";
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { Has } from "../decode/profile";
import { reachLimit } from "../decode/transaction";
import { place, spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { report } from "./match";

/** Longest field name that is looked at. */
const NAME_BYTES_MAX: u32 = 40;
/** In bodies: the longest value and the most line breaks of a value whose line is still taken for a field. */
const BODY_VALUE_MAX: u32 = 512;
const BODY_LINES_MAX: u32 = 4;

/** Fields that change how a message is read, whom it goes to or what the browser stores (RFC 9110, 6265, 5322). */
const STRONG: string = `set-cookie
bcc
reply-to
mime-version
location
content-length
transfer-encoding
content-type
content-disposition
content-encoding
refresh
host
access-control-allow-origin
content-security-policy
strict-transport-security
x-xss-protection
x-frame-options
x-forwarded-host
x-forwarded-for
`;
/** Other fields, known enough to be no words of a text. */
const KNOWN: string = `cookie
set-cookie2
link
referer
origin
authorization
user-agent
connection
cache-control
expires
pragma
etag
last-modified
server
status
accept
accept-encoding
accept-language
access-control-allow-credentials
upgrade
via
warning
www-authenticate
proxy-authenticate
vary
`;

/** Whether the current layer can hold such an attack. */
export function crlfGate(): bool {
  if (layer.has & Has.NEWLINE) return (layer.has & (Has.COLON | Has.SLASH | Has.LESS)) != 0;
  return (layer.has & Has.LEAD) != 0 && (layer.has & Has.COLON) != 0;
}

/** Bytes of a line break at `at`: 1, the size of a character that is cut to one, or 0. */
function breakSize(at: usize, end: usize): u32 {
  const c = <u32>load<u8>(at);
  if (c == 0x0a || c == 0x0d) return 1;
  if (c < 0xe0 || c > 0xef || at + 2 >= end) return 0;
  const last = <u32>load<u8>(at + 2);
  return (last == 0x8a || last == 0x8d) && (load<u8>(at + 1) & 0xc3) == 0x80 ? 3 : 0;
}

/** Places where a value is one line, because nobody types several there. */
function isLinePlace(): bool {
  return place <= Place.COOKIE || place == Place.FILENAME || place == Place.PART_NAME || place == Place.PART_HEADER;
}

/** `HTTP/1.1 200` or `GET /x HTTP/1.1` at the begin of a line. @returns its end, or 0 */
function startLineEnd(at: usize, end: usize): usize {
  const left = <u32>(end - at);
  if (left > 11 && startsLower(at, left, "http/") && isDigit(load<u8>(at + 5))) {
    return load<u8>(at + 8) == 0x20 && isDigit(load<u8>(at + 9)) ? at + 12 : 0;
  }
  let p = at;
  while (p < end && p - at < 8 && <u32>load<u8>(p) - 65 < 26) p++;
  if (p - at < 3 || p + 1 >= end || load<u8>(p) != 0x20 || load<u8>(p + 1) != 0x2f) return 0;
  const stop = p + 256 < end ? p + 256 : end;
  while (p < stop && load<u8>(p) > 32) p++;
  while (p < stop && load<u8>(p) != 0x0a && load<u8>(p) != 0x0d) {
    if (load<u8>(p) == 0x20 && startsLower(p + 1, <u32>(end - p - 1), "http/")) return p + 6;
    p++;
    while (p < stop && load<u8>(p) > 32) p++;
  }
  return 0;
}

/** End of the field's name and colon at the begin of a line, or 0. */
let fieldStrong: bool = false;
function fieldEnd(at: usize, end: usize): usize {
  let p = at;
  while (p < end && p - at < <usize>NAME_BYTES_MAX) {
    const c = <u32>load<u8>(p);
    if (!isAlpha(c) && !isDigit(c) && c != 0x2d) break;
    p++;
  }
  const size = <u32>(p - at);
  if (size < 3 || p == end) return 0;
  while (p < end && load<u8>(p) == 0x20 && p - at < 48) p++;
  if (p == end || load<u8>(p) != 0x3a) return 0;
  fieldStrong = isRow(STRONG, at, size);
  if (fieldStrong || isRow(KNOWN, at, size)) return p + 1;
  return size > 4 && startsLower(at, size, "x-") ? p + 1 : 0;
}

/** Whether the line at `at` is a part's field behind its delimiter, whose line ends at `from`: a multipart document. */
function isPartHead(from: usize, at: usize): bool {
  if (!startsLower(at, 8, "content-")) return false;
  const stop = from - layer.at > <usize>BOUNDARY_BYTES_MAX ? from - <usize>BOUNDARY_BYTES_MAX : layer.at;
  let line = from;
  while (line > stop && load<u8>(line - 1) != 0x0a) line--;
  return line + 2 < from && load<u16>(line) == 0x2d2d;
}

/**
 * Whether a line of a body is a text's or a configuration's own: what is indented in a whole body, a place where
 * something happens, a name in YAML. A field of these names is one if it holds what HTTP wants there.
 */
function isOrdinary(at: usize, field: usize, end: usize, indented: bool): bool {
  if (indented && place == Place.BODY) return true;
  const left = <u32>(end - at);
  let value = field;
  while (value < end && load<u8>(value) == 0x20) value++;
  if (startsLower(at, left, "location")) {
    return value == end || (load<u8>(value) != 0x2f && !startsLower(value, <u32>(end - value), "http"));
  }
  return startsLower(at, left, "refresh") && (value == end || !isDigit(load<u8>(value)));
}

/** Weighs a line that begins at `at` behind a break at `from`. @returns whether the look is over */
function judgeLine(from: usize, at: usize, end: usize, lines: u32, empty: bool): bool {
  const line = isLinePlace();
  const field = fieldEnd(at, end);
  if (field) {
    if (!line && isPartHead(from, at)) return false;
    const short = layer.size <= BODY_VALUE_MAX && lines <= BODY_LINES_MAX && from - layer.at < 96;
    if (line ? !fieldStrong && lines > 2 : !(short && fieldStrong)) return false;
    if (!line && isOrdinary(at, field, end, load<u8>(at - 1) == 0x20)) return false;
    report(Signature.CRLF_HEADER, from, field);
    return true;
  }
  if (!line) return false;
  const start = startLineEnd(at, end);
  if (start) {
    report(Signature.CRLF_MESSAGE, from, start);
    return true;
  }
  if (empty && lines < 4 && load<u8>(at) == 0x3c && at + 1 < end && isAlpha(load<u8>(at + 1))) {
    report(Signature.CRLF_BODY, from, at + 2);
    return true;
  }
  return false;
}

/** What a byte of the layer costs, in units. */
const BYTE_UNITS: u32 = 3;

/** Looks for such attacks in the current layer. */
export function crlfLex(): void {
  if (!crlfGate()) return;
  if (!isLinePlace() && layer.size > BODY_VALUE_MAX) return;
  if (!spend(layer.size * BYTE_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  let at = layer.at;
  let lines: u32 = 0;
  while (at < end) {
    let size = breakSize(at, end);
    if (!size) {
      at++;
      continue;
    }
    const from = at;
    let breaks: u32 = 0;
    let pairs: u32 = 0;
    while (size) {
      if (load<u8>(at) != 0x0d) pairs++;
      breaks++;
      at += <usize>size;
      if (at >= end) return;
      size = breakSize(at, end);
    }
    lines++;
    if (!isLinePlace() && (lines > BODY_LINES_MAX || layer.size > BODY_VALUE_MAX)) return;
    /* White space before the name makes the line a continuation, which old readers join and new ones drop. */
    while (at < end && load<u8>(at) == 0x20 && at - from < 8) at++;
    if (at < end && judgeLine(from, at, end, lines, pairs > 1 || breaks > 3)) return;
  }
}
