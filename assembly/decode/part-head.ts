/**
 * The head of one part of a multipart body: its fields are values, and so are the names in Content-Disposition (RFC
 * 6266, RFC 7578 §4.2). Readers disagree about a file's name more than about anything else: which of several counts,
 * where quotes end, whether pieces (RFC 2231 §3), character sets (RFC 8187) and encoded words (RFC 2047) are undone. So
 * whatever follows the word `filename` and an equals sign is looked at, in each of these ways.
 */
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { equalsLower, isAlpha, isDigit, isSpace, startsLower } from "../bytes/ascii";
import { copyBytes } from "../bytes/guard";
import { findByte, findEither } from "../bytes/scan";
import { inspectValue } from "./chain";
import { Charset, charsetIn } from "./content";
import { Decoder } from "./decoder";
import { Place, pointDepth, pointTruncate, pushHeaderName, pushWord, Word } from "./point";
import { noteAnomaly, reachLimit } from "./transaction";

/** Names of files in one field that are looked at. */
const FILENAMES_MAX: u32 = 16;
/** Bytes of a character set and a language in front of an encoded name. */
const CHARSET_BYTES_MAX: usize = 48;

/** The part's name in the head read last, 0 bytes for none; good while the head lies where it was read. */
export let partNameAt: usize = 0;
export let partNameSize: u32 = 0;
/** Whether the head read last says that the part's bytes are quoted-printable. */
export let partQuoted: bool = false;

/** Value of a parameter: address and size of the last found. */
let parameterAt: usize = 0;
let parameterSize: u32 = 0;
/** Where the pieces of one file's name lie: number, size and address of each, in the order in which they came. */
const PIECE_BYTES: u32 = 12;
const pieceTable: usize = memory.data(FILENAMES_MAX * 12, 16);
let pieces: u32 = 0;
/** Number of a name that is no piece. */
const WHOLE: u32 = 0xffffffff;

/** Looks at the fields of a head, or of a piece of one, in [at, end). */
export function partHeadRead(at: usize, end: usize): void {
  partNameSize = 0;
  partQuoted = false;
  while (at < end) {
    let stop = findByte(at, end, 0x0a);
    /* A line that begins with white space continues the one before (RFC 5322 §2.2.3). */
    while (stop + 1 < end && (load<u8>(stop + 1) == 0x20 || load<u8>(stop + 1) == 9)) {
      stop = findByte(stop + 1, end, 0x0a);
    }
    let trimmed = stop;
    while (trimmed > at && isSpace(load<u8>(trimmed - 1))) trimmed--;
    if (trimmed > at) readLine(at, trimmed);
    at = stop + 1;
  }
}

/** One field. */
function readLine(at: usize, end: usize): void {
  const colon = findByte(at, end, 0x3a);
  let nameEnd = colon;
  while (nameEnd > at && isSpace(load<u8>(nameEnd - 1))) nameEnd--;
  const nameSize = <u32>(nameEnd - at);
  if (colon == end) {
    noteAnomaly(Anomaly.MULTIPART);
    inspectValue(Place.PART_HEADER, Decoder.RAW, at, nameSize, 0);
    readFilenames(at, end);
    return;
  }
  let value = colon + 1;
  while (value < end && isSpace(load<u8>(value))) value++;
  if (equalsLower(at, nameSize, "content-disposition")) {
    if (findParameter(value, end, "name")) {
      partNameAt = parameterAt;
      partNameSize = parameterSize;
      inspectValue(Place.PART_NAME, Decoder.RAW, parameterAt, parameterSize, 0);
    }
    readFilenames(value, end);
    return;
  }
  const type = equalsLower(at, nameSize, "content-type");
  /* No client writes this, and few readers undo it. */
  if (type && charsetIn(value, <u32>(end - value)) == Charset.UTF7) noteAnomaly(Anomaly.CONTENT_TYPE);
  if (equalsLower(at, nameSize, "content-transfer-encoding")) {
    partQuoted = startsLower(value, <u32>(end - value), "quoted-printable");
  }
  const depth = pointDepth();
  pushWord(Word.HEADER);
  pushHeaderName(at, nameSize);
  inspectValue(Place.PART_HEADER, Decoder.RAW, value, <u32>(end - value), 0);
  pointTruncate(depth);
}

/** Reads a parameter's value at `at`, in quotes or not; quoted ones keep their escapes. @returns where it ends */
function readValue(at: usize, end: usize): usize {
  const quoted = at < end && load<u8>(at) == 0x22;
  if (quoted) at++;
  parameterAt = at;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (quoted ? c == 0x22 : c == 0x3b || isSpace(c)) break;
    if (quoted && c == 0x5c && at + 1 < end && load<u8>(at + 1) == 0x22) at++;
    at++;
  }
  parameterSize = <u32>(at - parameterAt);
  return at;
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Finds `name=value` among the parameters of [at, end). */
function findParameter(at: usize, end: usize, name: string): bool {
  while (at < end) {
    at = skipSpace(findByte(at, end, 0x3b) + 1, end);
    if (at >= end) return false;
    const equals = findByte(at, end, 0x3d);
    if (equals == end) return false;
    let stop = equals;
    while (stop > at && isSpace(load<u8>(stop - 1))) stop--;
    const matches = equalsLower(at, <u32>(stop - at), name);
    at = readValue(skipSpace(equals + 1, end), end);
    if (matches) return true;
  }
  return false;
}

/** What stands between the word and its equals sign: the number of a piece, a star for an encoded one. */
let pieceNumber: u32 = WHOLE;
let pieceEncoded: bool = false;

/** Steps over that, the sign and white space. @returns where the value begins, 0 where there is no sign */
function behindEquals(at: usize, end: usize): usize {
  pieceNumber = WHOLE;
  pieceEncoded = at < end && load<u8>(at) == 0x2a;
  if (pieceEncoded) {
    at++;
    if (at < end && isDigit(load<u8>(at))) {
      pieceNumber = 0;
      while (at < end && isDigit(load<u8>(at))) pieceNumber = (pieceNumber * 10 + load<u8>(at++) - 48) & 0xffff;
      pieceEncoded = at < end && load<u8>(at) == 0x2a;
      if (pieceEncoded) at++;
    }
  }
  at = skipSpace(at, end);
  return at < end && load<u8>(at) == 0x3d ? skipSpace(at + 1, end) : 0;
}

/** Looks at every file's name in [at, end), and at one that came in pieces. */
function readFilenames(at: usize, end: usize): void {
  const start = at;
  let names: u32 = 0;
  pieces = 0;
  while (names < FILENAMES_MAX) {
    at = findEither(at, end, 0x66, 0x46);
    if (at == end) break;
    const word = startsLower(at, <u32>(end - at), "filename") && (at == start || !isAlpha(load<u8>(at - 1)));
    const value = word ? behindEquals(at + 8, end) : 0;
    at++;
    if (!value) continue;
    names++;
    readValue(value, end);
    const written = parameterAt;
    if (pieceEncoded && (pieceNumber == WHOLE || !pieceNumber)) skipCharset();
    if (pieceNumber != WHOLE) addPiece();
    inspectFilename(parameterAt, parameterSize, <u32>(parameterAt - written));
  }
  if (pieces) inspectPieces();
}

/** Keeps where a piece lies. */
function addPiece(): void {
  const piece = pieceTable + <usize>(pieces * PIECE_BYTES);
  store<u32>(piece, pieceNumber);
  store<u32>(piece + 4, parameterSize);
  store<usize>(piece + 8, parameterAt);
  pieces++;
}

/** Puts the pieces together in the order of their numbers. */
function inspectPieces(): void {
  const mark = arenaMark();
  let size: u32 = 0;
  for (let i: u32 = 0; i < pieces; i++) size += load<u32>(pieceTable + <usize>(i * PIECE_BYTES) + 4);
  const joined = arenaAlloc(size);
  if (joined) {
    let to = joined;
    for (let number: u32 = 0; number < FILENAMES_MAX; number++) {
      for (let i: u32 = 0; i < pieces; i++) {
        const piece = pieceTable + <usize>(i * PIECE_BYTES);
        if (load<u32>(piece) != number) continue;
        copyBytes(to, load<usize>(piece + 8), load<u32>(piece + 4));
        to += <usize>load<u32>(piece + 4);
      }
    }
    inspectFilename(joined, <u32>(to - joined), 0);
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
}

/** Leaves out `UTF-8'en'` in front of an encoded name (RFC 8187 §3.2). */
function skipCharset(): void {
  const end = parameterAt + <usize>parameterSize;
  const stop = parameterSize > <u32>CHARSET_BYTES_MAX ? parameterAt + CHARSET_BYTES_MAX : end;
  const first = findByte(parameterAt, stop, 0x27);
  const second = first < stop ? findByte(first + 1, stop, 0x27) : stop;
  if (second == stop) return;
  parameterSize = <u32>(end - second) - 1;
  parameterAt = second + 1;
}

/** Looks at one name, which begins behind `base` bytes of its value, and at the encoded word that it may be. */
function inspectFilename(at: usize, size: u32, base: u32): void {
  const depth = pointDepth();
  pushWord(Word.FILENAME);
  inspectValue(Place.FILENAME, Decoder.RAW, at, size, base);
  const end = at + <usize>size;
  if (size > 8 && load<u16>(at) == 0x3f3d) {
    const set = findByte(at + 2, end, 0x3f);
    const text = set + 3;
    if (text < end && load<u8>(set + 2) == 0x3f) {
      const stop = findByte(text, end, 0x3f);
      const decoder = (load<u8>(set + 1) | 32) == 0x71 ? Decoder.QUOTED : Decoder.RAW;
      inspectValue(Place.FILENAME, decoder, text, <u32>(stop - text), base + <u32>(text - at));
    }
  }
  pointTruncate(depth);
}
