/**
 * Path traversal and access to files by their paths.
 *
 * What an attack IS: a value that a program uses as (part of) a file's path, and that, resolved step by step as the
 * most lenient reader would, ends outside the folder it is meant for. So a value is walked, not searched: it counts
 * (1) how far above its start it climbs, with every byte that some decoder takes for a dot or a slash; (2) whether it
 * then, or from the root, names a file or folder that every system has; (3) whether it names a reader other than the
 * file system (`php://filter`); (4) whether a NUL cuts off the ending that a program added.
 * What is none: `a/../b`, which stays inside; one step up in a link; relative imports and source maps in telemetry,
 * which climb to source files; paths inside prose and code, which are not the whole value.
 */
import { Limit } from "../../abi/status";
import { isAlpha, isDigit, isRow, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { Decoder } from "../../decode/decoder";
import { Layer, layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { PATH_MASK, PATH_SHIFT, PathWord } from "../../tables/words.gen";
import { report } from "../match";
import { PathSymbol, symbolAt, symbolOdd, symbolSize } from "./symbol";
import { findTarget, Target, targetFolder, targetLeft } from "./target";
import {
  canonicalAt,
  canonicalSize,
  climbFrom,
  climbs,
  climbsAll,
  climbsOdd,
  climbTo,
  nulAt,
  rooted,
  separators,
  slashes,
  walk,
} from "./walk";

/** What the search for a climb costs for each byte, and a walk, in units. */
const SEARCH_UNITS: u32 = 1;
const WALK_UNITS: u32 = 16;
const SLASHES: u32 = Has.SLASH | Has.BACKSLASH;
const ODD: u32 = Has.LEAD | Has.HIGH | Has.PERCENT;

/** Kinds of path words in the layer, as bits: their numbers are powers of two. */
function kinds(): u32 {
  return (layer.words >> PATH_SHIFT) & PATH_MASK;
}

/** Whether dots and separators of any writing occur. */
function mayClimb(): bool {
  const has = layer.has;
  if (has & Has.DOT && has & (SLASHES | ODD)) return true;
  if (!(has & Has.DOT) && has & (Has.MARK | Has.LEAD | Has.PERCENT)) return true;
  return (has & Has.DIGIT) != 0 && (has & (Has.ALPHA | Has.DOT | Has.MARK)) != 0 && writesBytesOut();
}

/** Whether two dots stand together, or a byte is written out in plain text, as in `0x2e` or behind dots in `..2f`. */
function writesBytesOut(): bool {
  const end = layer.at + <usize>layer.size;
  for (let at = layer.at; at < end; at += 15) {
    const bytes = v128.load(at);
    const left = <u32>(end - at);
    const valid: u32 = left < 16 ? (1 << left) - 1 : 0xffff;
    const zeros = <u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x30)));
    const exes = <u32>i8x16.bitmask(i8x16.eq(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x78)));
    const low = i8x16.lt_u(bytes, i8x16.splat(9));
    const marks = v128.or(i8x16.eq(bytes, i8x16.splat(0x3f)), i8x16.eq(bytes, i8x16.splat(0x5e)));
    const dots = <u32>i8x16.bitmask(v128.or(v128.or(i8x16.eq(bytes, i8x16.splat(0x2e)), marks), low));
    if ((((zeros << 1) & exes) | ((dots << 1) & dots)) & valid) return true;
  }
  return false;
}

/** Whether a target or a wrapper may be named. User agents name operating systems and are no paths. */
function mayName(): bool {
  if (place == Place.USER_AGENT || !kinds()) return false;
  if (kinds() == <u32>PathWord.WRAPPER) return (layer.has & Has.COLON) != 0;
  return (layer.has & (SLASHES | Has.COLON)) != 0;
}

/** Whether the current layer can hold such an attack. */
export function traversalGate(): bool {
  return mayClimb() || mayName() || ((layer.has & Has.CONTROL) != 0 && (layer.has & (Has.DOT | SLASHES)) != 0);
}

/** Where the run of dots ends that was looked at last. */
let runEnd: usize = 0;

/** Whether a run of dots that begins before `at` ends in what some reader takes for a separator. */
function endsLikeClimb(at: usize, end: usize): bool {
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c != 0x2e && c != 0x3f && c != 0x5e && c > 8) break;
    at++;
  }
  runEnd = at;
  if (at == end) return true;
  const c = <u32>load<u8>(at);
  if (c == 0x2f || c == 0x5c || c == 0x3b || c == 0x25 || c == 0x20 || c >= 0x80) return true;
  return c < 0x20 ? c != 0x0a && c != 0x0d && c != 0x09 : c == 0x30 || c == 0x32 || c == 0x35;
}

/** Whether the odd symbol at `at`, read last, could be a dot of a climb, so that the path is worth a walk. */
function isClimbing(kind: PathSymbol, at: usize, end: usize): bool {
  if (kind == PathSymbol.SEPARATOR) return load<u8>(at) != 0x25 && (layer.has & Has.LEAD) == 0;
  if (kind != PathSymbol.UNKNOWN || load<u8>(at) == 0x25) return true;
  const next = at + <usize>symbolSize;
  if (next >= end) return false;
  const following = symbolAt(next, end);
  return following == PathSymbol.UNKNOWN || following == PathSymbol.DOT || following == PathSymbol.MARK;
}

/**
 * The next place in [at, end) that has two neighbours that could be the dots of a climb, or a byte that only odd
 * writings have; `end` where there is none.
 */
function nextClimb(at: usize, end: usize): usize {
  const dot = i8x16.splat(0x2e);
  const mark = i8x16.splat(0x3f);
  const caret = i8x16.splat(0x5e);
  const nine = i8x16.splat(9);
  const lead = i8x16.splat(<i8>0xc0);
  const percent = i8x16.splat(0x25);
  const zero = i8x16.splat(0x30);
  const ex = i8x16.splat(0x78);
  let carryDot: u32 = 0;
  let carryReal: u32 = 0;
  let carryZero: u32 = 0;
  for (let chunk = at; chunk < end; chunk += 16) {
    const bytes = v128.load(chunk);
    const left = <u32>(end - chunk);
    const valid: u32 = left < 16 ? (1 << left) - 1 : 0xffff;
    const dots = v128.or(v128.or(i8x16.eq(bytes, dot), i8x16.eq(bytes, mark)), i8x16.eq(bytes, caret));
    const realMask = <u32>i8x16.bitmask(dots) & valid;
    const dotMask = (<u32>i8x16.bitmask(i8x16.lt_u(bytes, nine)) & valid) | realMask;
    const zeroMask = <u32>i8x16.bitmask(i8x16.eq(bytes, zero)) & valid;
    const exMask = <u32>i8x16.bitmask(i8x16.eq(bytes, ex));
    /* Control bytes may stand between dots, but not for all of them. */
    const pairs = (dotMask & ((realMask << 1) | carryReal)) | (realMask & ((dotMask << 1) | carryDot));
    const first = pairs ? nextPair(chunk, pairs, dotMask, end) : end;
    let odd = <u32>i8x16.bitmask(v128.or(i8x16.ge_u(bytes, lead), i8x16.eq(bytes, percent))) & valid;
    odd |= exMask & ((zeroMask << 1) | carryZero) & valid;
    while (odd) {
      let here = chunk + <usize>ctz(odd);
      if (here >= first) break;
      odd &= odd - 1;
      if (load<u8>(here) == 0x78) here--;
      const kind = symbolAt(here, end);
      if (symbolOdd && isClimbing(kind, here, end)) return here;
    }
    if (first < end) return first;
    carryDot = (dotMask >> 15) & 1;
    carryReal = (realMask >> 15) & 1;
    carryZero = (zeroMask >> 15) & 1;
  }
  return end;
}

/** Up to here the dots were read of which no climb ends: a long run is read once. */
let dotsRead: usize = 0;

/** The first of the pairs in a chunk whose run of dots ends like a climb, or `end`. */
function nextPair(chunk: usize, pairs: u32, dotMask: u32, end: usize): usize {
  while (pairs) {
    const second = chunk + <usize>ctz(pairs);
    if (second >= dotsRead) {
      if (endsLikeClimb(second, end)) return second;
      dotsRead = runEnd;
    }
    /* The rest of the run in this chunk ends where this pair's run ends. */
    const run = <u32>ctz(~(dotMask >> ctz(pairs)));
    pairs &= ~(((1 << run) - 1) << ctz(pairs));
  }
  return end;
}

/** The next byte in [at, end) that ends every path in the text around it, or `end`. */
function nextBreak(at: usize, end: usize): usize {
  for (; at < end; at += 16) {
    const bytes = v128.load(at);
    const quotes = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x27)));
    const angles = v128.or(i8x16.eq(bytes, i8x16.splat(0x3c)), i8x16.eq(bytes, i8x16.splat(0x3e)));
    const lines = v128.or(i8x16.eq(bytes, i8x16.splat(0x0a)), i8x16.eq(bytes, i8x16.splat(0x0d)));
    const pairs = v128.or(i8x16.eq(bytes, i8x16.splat(0x3d)), i8x16.eq(bytes, i8x16.splat(0x26)));
    const others = v128.or(i8x16.eq(bytes, i8x16.splat(0x2c)), i8x16.eq(bytes, i8x16.splat(0x60)));
    const ends = <u32>i8x16.bitmask(v128.or(v128.or(v128.or(quotes, angles), v128.or(lines, pairs)), others));
    if (ends) return at + <usize>ctz(ends) < end ? at + <usize>ctz(ends) : end;
  }
  return end;
}

/** Decodings of percent escapes on the way here beyond the one that the place asks for. */
function extraEscapes(): u32 {
  let count: u32 = 0;
  let from = layer;
  while (from) {
    if (from.decoder == Decoder.PERCENT || from.decoder == Decoder.FORM || from.decoder == Decoder.UTF8) count++;
    from = changetype<Layer>(from.parent);
  }
  const asked = place <= Place.QUERY || (place >= Place.COOKIE_NAME && place <= Place.FORM);
  return asked && count ? count - 1 : count;
}

/** Places whose values are what a person or a script put there for a program, not documents and telemetry. */
function isParameter(): bool {
  return place <= Place.FILENAME;
}

/** Endings of files that pages and modules load by relative paths, one a line. */
const ASSETS: string = `.js
.mjs
.cjs
.jsx
.ts
.tsx
.mts
.css
.scss
.sass
.less
.vue
.svelte
.map
.md
.png
.jpg
.jpeg
.gif
.svg
.webp
.avif
.ico
.woff
.woff2
.ttf
.html
.htm
`;

/** Whether the canonical path ends in the name of a file that pages and modules load. */
function isAsset(): bool {
  const at = canonicalAt();
  let dot = canonicalSize();
  const size = dot;
  while (dot && size - dot < 7 && load<u8>(at + <usize>(dot - 1)) != 0x2e) dot--;
  if (!dot || load<u8>(at + <usize>(dot - 1)) != 0x2e) return false;
  dot--;
  const rows = changetype<usize>(ASSETS);
  const end = rows + ((<usize>ASSETS.length) << 1);
  let row = rows;
  while (row < end) {
    let i = dot;
    while (i < size && <u32>load<u16>(row) == <u32>load<u8>(at + <usize>i)) {
      i++;
      row += 2;
    }
    if (i == size && load<u16>(row) == 0x0a) return true;
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
  return false;
}

/** Readers other than the file system, as canonical paths begin. PHP manual, "Supported Protocols and Wrappers". */
const WRAPPERS: string = `php:/filter
php:/input
php:/stdin
php:/fd
php:/temp
php:/memory
expect:/
phar:/
zip:/
glob:/
ogg:/
rar:/
ssh2.exec:/
ssh2.sftp:/
compress.zlib:/
compress.bzip2:/
zlib:/
netdoc:/
jar:file:/
`;

/** Whether the canonical path begins as one of the rows does; a row that is no folder must be a whole step. */
function isWrapper(): bool {
  const at = canonicalAt();
  const size = canonicalSize();
  let row = changetype<usize>(WRAPPERS);
  const end = row + ((<usize>WRAPPERS.length) << 1);
  while (row < end) {
    let i: u32 = 0;
    while (i < size && load<u16>(row) != 0x0a && <u32>load<u16>(row) == <u32>load<u8>(at + <usize>i)) {
      i++;
      row += 2;
    }
    if (i && load<u16>(row) == 0x0a && (i == size || load<u16>(row - 2) == 0x2f || load<u8>(at + <usize>i) == 0x2f)) {
      return true;
    }
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
  return false;
}

/** `data:` with a script in it, as it stands or in base64. */
function isScriptData(at: usize, end: usize): bool {
  if (!startsLower(at, <u32>(end - at), "data:")) return false;
  const stop = at + 64 < end ? at + 64 : end;
  while (at < stop && load<u8>(at) != 0x2c) at++;
  if (at + 4 > end || load<u8>(at) != 0x2c) return false;
  const three = <u32>load<u16>(at + 1) | ((<u32>load<u8>(at + 3)) << 16);
  return three == 0x394450 || (three & 0xffff) == 0x3f3c;
}

/** `name.ext`, NUL, `.ext` to the end: the first ending is what the program gets, the last what it checked. */
function cutsEnding(from: usize, end: usize): bool {
  let at = nulAt;
  let i: u32 = 0;
  while (at > from && i < 8 && (isAlpha(load<u8>(at - 1)) || isDigit(load<u8>(at - 1)))) {
    at--;
    i++;
  }
  if (!i || at <= from + 1 || load<u8>(at - 1) != 0x2e) return false;
  at = nulAt + 1;
  if (at + 2 > end || load<u8>(at) != 0x2e || end - at > 8) return false;
  while (++at < end) if (!isAlpha(load<u8>(at)) && !isDigit(load<u8>(at))) return false;
  return true;
}

/** Whether the path in [from, to) is all that the value says, but for what surrounds it in an attack. */
function isWhole(from: usize, to: usize, end: usize): bool {
  const before = from - layer.at;
  if (before > 3 && load<u8>(from - 1) != 0x3d) return false;
  if (before > 3 && layer.has & Has.NEWLINE) return false;
  return end - to <= 32;
}

/** The target that the walked path names, weighed by whether it climbs or is rooted. */
function targetOf(): Target {
  const at = canonicalAt();
  const size = canonicalSize();
  let root = at;
  if (size > 6 && startsLower(at, size, "file:/")) root = at + 6;
  if (root > at && size > 8 && load<u8>(root + 1) == 0x3a) root += 3;
  const found = findTarget(at, at + <usize>size, root);
  if (root > at || climbsAll || rooted) return found;
  /* A relative name is enough only where the parameter is nothing but the path of such a file. */
  return found == Target.ANYWHERE && separators && isParameter() && place != Place.PATH ? found : Target.NONE;
}

/** Bytes of a layer that are looked at for noise, and different bytes above ASCII that no way to write a dot has. */
const NOISE_BYTES: u32 = 512;
const NOISE_KINDS: u32 = 12;

/** Whether the layer's bytes are noise, once that was asked: every climb of a layer asks it. */
enum Noise {
  UNKNOWN = 0,
  NO = 1,
  YES = 2,
}
let noise: Noise = Noise.UNKNOWN;

function isNoise(): bool {
  if (noise == Noise.UNKNOWN) noise = looksNoisy() ? Noise.YES : Noise.NO;
  return noise == Noise.YES;
}

/**
 * Whether the bytes above ASCII are noise, as in keys and compressed bytes: nearly each is another one. Whoever writes
 * dots and slashes in odd ways writes them again and again.
 */
function looksNoisy(): bool {
  const size = layer.size;
  const end = layer.at + <usize>(size > NOISE_BYTES ? NOISE_BYTES : size);
  let low: u64 = 0;
  let high: u64 = 0;
  let many: u32 = 0;
  for (let at = layer.at; at < end; at++) {
    const c = <u32>load<u8>(at);
    if (c < 0x80) continue;
    const kind = <u64>c & 63;
    many++;
    if (c < 0xc0) low |= (<u64>1) << kind;
    else high |= (<u64>1) << kind;
  }
  const kinds = <u32>(popcnt(low) + popcnt(high));
  return kinds > NOISE_KINDS || (many > 3 && kinds * 3 > many * 2);
}

/** Steps of a path to a site's own file; in deeper ones lie repositories that people look at. */
const STEPS_FEW: u32 = 4;

/** Weighs the path walked last, which stands in [from, to). */
function judge(from: usize, to: usize, end: usize): void {
  if (!separators && !nulAt) return;
  const whole = isWhole(from, to, end);
  /* In the middle of something else, only a climb of several steps says anything. */
  if (!whole && climbs < 2) return;
  const target = targetOf();
  if (climbsAll) {
    /* A climb between a slash and a backslash is one that a filter for one of them should not see. */
    const weight = climbs + climbsOdd + (slashes == 3 && climbs && isParameter() ? 1 : 0);
    if (target && (whole || climbs > 1)) {
      report(Signature.PTRAV_TARGET, from, to);
      return;
    }
    if (!whole) return;
    const extra = climbs != 0 && climbFrom <= layer.at + 1 && extraEscapes() != 0;
    if (weight > 1 || extra) {
      const known = !isParameter() && !climbsOdd && isAsset();
      if (!known && !(climbsOdd == climbsAll && isNoise())) report(Signature.PTRAV_CLIMB, climbFrom, climbTo);
    }
    return;
  }
  if (!whole) return;
  const left = target != Target.NONE && targetLeft && place == Place.PATH && separators < STEPS_FEW;
  if (target == Target.ANYWHERE || left) report(Signature.PTRAV_FILE, from, to);
  else if (target == Target.ABSOLUTE && place != Place.PATH && place != Place.REFERER) {
    const named = (isParameter() && place != Place.COOKIE) || (place == Place.JSON && !targetFolder);
    if (named && from <= layer.at + 1) report(Signature.PTRAV_SYSTEM, from, to);
  }
  if (
    nulAt &&
    layer.opaque < 3 &&
    ((place == Place.PATH && layer.decoder == Decoder.PERCENT) ||
      (rooted && separators > 1 && (isParameter() || place == Place.JSON)) ||
      cutsEnding(from, end))
  )
    report(Signature.PTRAV_NUL, from, end);
}

/** Endings of files that a server runs or reads for itself, and of copies that editors and people leave beside them. */
const SOURCES: string = `php
php5
phtml
inc
jsp
asp
aspx
ashx
cgi
config
properties
`;
const COPIES: string = `bak
old
orig
save
swp
swo
backup
`;

/** Names behind a file's that are the file itself to NTFS, and no name that a server knows (MS-FSCC §2.1.5). */
const STREAMS: string = `::$data
::$index_allocation
`;

/** A copy of a source file, whose ending the server does not know, so that it sends the text: `/index.php.bak`. */
function judgeCopy(end: usize): void {
  let last = end;
  const colon = layer.has & Has.DOLLAR && layer.has & Has.COLON ? findByte(layer.at, end, 0x3a) : end;
  if (colon < end && isRow(STREAMS, colon, <u32>(end - colon))) {
    report(Signature.PTRAV_FILE, layer.at, end);
    return;
  }
  if (load<u8>(end - 1) != 0x7e) {
    while (last > layer.at && end - last < 8 && isWord(load<u8>(last - 1))) last--;
    if (last < layer.at + 5 || load<u8>(last - 1) != 0x2e || !isRow(COPIES, last, <u32>(end - last))) return;
  }
  last--;
  let from = last;
  while (from > layer.at && last - from < 12 && isWord(load<u8>(from - 1))) from--;
  if (from < layer.at + 3 || load<u8>(from - 1) != 0x2e || !isRow(SOURCES, from, <u32>(last - from))) return;
  let steps: u32 = 0;
  for (let at = layer.at; at < end; at++) if (load<u8>(at) == 0x2f) steps++;
  if (steps < STEPS_FEW) report(Signature.PTRAV_FILE, layer.at, end);
}

/** A step up with an empty parameter, `/..;/`: one server takes it for a name, the one behind it for a step up. */
function judgeParameter(end: usize): void {
  for (let at = findByte(layer.at, end, 0x3b); at + 1 < end; at = findByte(at + 1, end, 0x3b)) {
    if (at < layer.at + 3 || load<u8>(at + 1) != 0x2f || load<u8>(at - 3) != 0x2f) continue;
    if (load<u16>(at - 2) != 0x2e2e) continue;
    report(Signature.PTRAV_CLIMB, at - 3, at + 2);
    return;
  }
}

/** Looks for such attacks in the current layer. */
export function traversalLex(): void {
  if (!traversalGate()) return;
  const end = layer.at + <usize>layer.size;
  noise = Noise.UNKNOWN;
  if (!spend(layer.size * SEARCH_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  if (place == Place.PATH && layer.size > 8) {
    judgeCopy(end);
    if (layer.has & Has.SEMICOLON) judgeParameter(end);
  }
  dotsRead = 0;
  const first = nextClimb(layer.at, end);
  if (first < end) judgeClimbs(first, end);
  else if (mayName() || place == Place.PATH || (layer.has & Has.CONTROL) != 0) judgeNames(end);
}

/** Whether a path that begins at `from` may be all that the value says: what `isWhole` asks of its begin. */
function mayBeWhole(from: usize): bool {
  return from - layer.at <= 3 || load<u8>(from - 1) == 0x3d;
}

/**
 * Walks the paths of which one may climb.
 * @param hit the first place that looks like a climb
 */
function judgeClimbs(hit: usize, end: usize): void {
  let at = layer.at;
  let stop = at;
  let walked: u32 = 0;
  while (at < end) {
    const from = at;
    if (hit < from) hit = nextClimb(from, end);
    if (stop < from) stop = nextBreak(from, end);
    /* What neither climbs nor stands at a begin would not be judged whatever it names. */
    if (hit >= stop && !mayBeWhole(from)) {
      at = stop + 1;
      continue;
    }
    at = walk(from, end);
    walked += <u32>(at - from) + 1;
    if (at > from) {
      judge(from, at, end);
      if (from <= layer.at + 2 && kinds() & PathWord.WRAPPER && isWrapper()) report(Signature.PTRAV_WRAPPER, from, at);
    } else at++;
  }
  if (!spend(walked * WALK_UNITS)) reachLimit(Limit.FUEL);
  if (kinds() & PathWord.WRAPPER && isScriptData(layer.at, end)) report(Signature.PTRAV_WRAPPER, layer.at, end);
}

/** Looks at the paths that count without a climb: those at the begin of the value or behind an equals sign. */
function judgeNames(end: usize): void {
  let at = layer.at;
  let walked: u32 = 0;
  while (at < end) {
    const from = at;
    at = walk(from, end);
    walked += <u32>(at - from) + 1;
    if (at > from) {
      judge(from, at, end);
      if (from <= layer.at + 2 && kinds() & PathWord.WRAPPER && isWrapper()) report(Signature.PTRAV_WRAPPER, from, at);
    } else at++;
    if (at > layer.at + 3) {
      if (layer.has & Has.NEWLINE) break;
      at = findByte(at, end, 0x3d) + 1;
    }
  }
  if (!spend(walked * WALK_UNITS)) reachLimit(Limit.FUEL);
  if (kinds() & PathWord.WRAPPER && isScriptData(layer.at, end)) report(Signature.PTRAV_WRAPPER, layer.at, end);
}
