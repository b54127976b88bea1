/**
 * URLs that run script when they are followed or loaded: `javascript:` and its old kin, and `data:` with a document in
 * it. The URL parser drops tabs and line ends anywhere and controls in front (https://url.spec.whatwg.org/#url-parsing);
 * older browsers dropped more, so any control, space or byte above ASCII may stand between the letters here.
 */
import { lower } from "../../bytes/ascii";

/** Bytes of rubbish tolerated in front of the scheme and between two of its letters. */
const LEAD_MAX: u32 = 40;
const GAP_MAX: u32 = 8;

function isRubbish(c: u32): bool {
  return c <= 32 || c >= 0x7f;
}

/** @returns address of the first byte that is no rubbish, at most `limit` further on */
function skipRubbish(at: usize, end: usize, limit: u32): usize {
  const stop = end - at > <usize>limit ? at + <usize>limit : end;
  while (at < stop && isRubbish(load<u8>(at))) at++;
  return at;
}

/** @returns address behind a comment or a CDATA border, which XML takes out of a value, or `at` */
function skipMarkup(at: usize, end: usize): usize {
  let p = at;
  if (p + 1 < end && load<u8>(p) == 0x5d && load<u8>(p + 1) == 0x5d)
    p += p + 2 < end && load<u8>(p + 2) == 0x3e ? 3 : 2;
  if (p + 1 >= end || load<u8>(p) != 0x3c || load<u8>(p + 1) != 0x21) return p;
  const stop = end - p > 24 ? p + 24 : end;
  const word = p + 2 < end && load<u8>(p + 2) == 0x5b;
  for (p += 3; p < stop; p++) {
    const c = <u32>load<u8>(p);
    if (c == 0x3e || (word && c == 0x5b)) return p + 1;
  }
  return at;
}

/** @returns address behind the scheme's colon, or 0 where the bytes do not begin with it */
function matchScheme(at: usize, end: usize, scheme: string): usize {
  const n = <u32>scheme.length;
  for (let i: u32 = 0; i < n; i++) {
    if (i) at = skipMarkup(skipRubbish(at, end, GAP_MAX), end);
    if (at >= end || lower(load<u8>(at)) != <u32>load<u16>(changetype<usize>(scheme) + ((<usize>i) << 1))) return 0;
    at++;
  }
  return at;
}

/**
 * Looks for a scheme that runs script at the beginning of [at, end).
 * @returns address behind the colon, or 0
 */
export function scriptScheme(at: usize, end: usize): usize {
  at = skipRubbish(at, end, LEAD_MAX);
  if (at >= end) return 0;
  switch (lower(load<u8>(at))) {
    case 0x6a: {
      const found = matchScheme(at, end, "javascript:");
      return found ? found : matchScheme(at, end, "jscript:");
    }
    case 0x76: {
      const found = matchScheme(at, end, "vbscript:");
      return found ? found : matchScheme(at, end, "vbs:");
    }
    case 0x6c:
      return matchScheme(at, end, "livescript:");
    case 0x6d:
      return matchScheme(at, end, "mocha:");
    default:
      return 0;
  }
}

const BODY_BYTES_MAX: u32 = 2048;
/** Behind it, what a look-up of the last word may load. */
const body: usize = memory.data(BODY_BYTES_MAX + 64, 16);

/** Where the body that `compactBody` made begins and ends. */
export let bodyAt: usize = 0;
export let bodyEnd: usize = 0;

/**
 * Takes the tabs and line ends out of a script URL's body, as the URL parser does.
 * @param escaped whether a line end that ends a comment stays: it was escaped, and is undone behind the parser
 * @returns false where there is none to take out
 */
export function compactBody(at: usize, end: usize, escaped: bool): bool {
  const stop = end - at > <usize>BODY_BYTES_MAX ? at + <usize>BODY_BYTES_MAX : end;
  let to = body;
  let commented = false;
  for (let p = at; p < stop; p++) {
    const c = <u32>load<u8>(p);
    if (escaped && c == 0x2f && p > at && load<u8>(p - 1) == 0x2f) commented = true;
    if (c == 0x0a && commented) commented = false;
    else if (c == 0x09 || c == 0x0a || c == 0x0d) continue;
    store<u8>(to++, c);
  }
  bodyAt = body;
  bodyEnd = to;
  return <usize>(to - body) < stop - at;
}

/** @returns address behind `data:`, or 0 */
export function dataScheme(at: usize, end: usize): usize {
  at = skipRubbish(at, end, LEAD_MAX);
  return at < end && lower(load<u8>(at)) == 0x64 ? matchScheme(at, end, "data:") : 0;
}

/** Whether the media type at `at`, behind `data:`, is one that a browser runs script of (RFC 2397; RFC 9239). */
export function dataRuns(at: usize, end: usize): bool {
  at = skipRubbish(at, end, GAP_MAX);
  return (
    matchScheme(at, end, "text/html") != 0 ||
    matchScheme(at, end, "text/xml") != 0 ||
    matchScheme(at, end, "text/javascript") != 0 ||
    matchScheme(at, end, "text/ecmascript") != 0 ||
    matchScheme(at, end, "text/x-scriptlet") != 0 ||
    matchScheme(at, end, "image/svg") != 0 ||
    matchScheme(at, end, "application/x") != 0 ||
    matchScheme(at, end, "application/javascript") != 0
  );
}

/** Whether the media type at `at`, behind `data:`, is that of a page, and content follows it. */
export function dataIsPage(at: usize, end: usize): bool {
  at = skipRubbish(at, end, GAP_MAX);
  let type = matchScheme(at, end, "text/html");
  if (!type) type = matchScheme(at, end, "application/xhtml+xml");
  if (!type) return false;
  const stop = end - type > 64 ? type + 64 : end;
  while (type < stop && load<u8>(type) != 0x2c) type++;
  return type < stop;
}
