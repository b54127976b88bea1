/**
 * Bodies in a character set whose letters are not those of ASCII: UTF-16 and UTF-32 (known by a mark, by the zeros
 * around the first letter, or announced), UTF-7 (RFC 2152) and EBCDIC (code page 037). They become UTF-8 on the way to
 * the parser.
 */
import { Anomaly } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { base64Digit } from "./base64";
import { passText } from "./coding";
import { Charset } from "./content";
import { stepBytes, stepCodePoint, stepSize } from "./step";
import { current, noteAnomaly } from "./transaction";

/** Bytes read at once, and room for what they give: a byte at most a character of two, a unit of two one of three. */
const SLICE: u32 = 1024;
const ROOM: u32 = SLICE * 4 + 16;

/** Code page 037 as ISO 8859-1. */
const ebcdic: usize = memory.data<u8>([
  0, 1, 2, 3, 156, 9, 134, 127, 151, 141, 142, 11, 12, 13, 14, 15, 16, 17, 18, 19, 157, 133, 8, 135, 24, 25, 146, 143,
  28, 29, 30, 31, 128, 129, 130, 131, 132, 10, 23, 27, 136, 137, 138, 139, 140, 5, 6, 7, 144, 145, 22, 147, 148, 149,
  150, 4, 152, 153, 154, 155, 20, 21, 158, 26, 32, 160, 226, 228, 224, 225, 227, 229, 231, 241, 162, 46, 60, 40, 43,
  124, 38, 233, 234, 235, 232, 237, 238, 239, 236, 223, 33, 36, 42, 41, 59, 172, 45, 47, 194, 196, 192, 193, 195, 197,
  199, 209, 166, 44, 37, 95, 62, 63, 248, 201, 202, 203, 200, 205, 206, 207, 204, 96, 58, 35, 64, 39, 61, 34, 216, 97,
  98, 99, 100, 101, 102, 103, 104, 105, 171, 187, 240, 253, 254, 177, 176, 106, 107, 108, 109, 110, 111, 112, 113, 114,
  170, 186, 230, 184, 198, 164, 181, 126, 115, 116, 117, 118, 119, 120, 121, 122, 161, 191, 208, 221, 222, 174, 94, 163,
  165, 183, 169, 167, 182, 188, 189, 190, 91, 93, 175, 168, 180, 215, 123, 65, 66, 67, 68, 69, 70, 71, 72, 73, 173, 244,
  246, 242, 243, 245, 125, 74, 75, 76, 77, 78, 79, 80, 81, 82, 185, 251, 252, 249, 250, 255, 92, 247, 83, 84, 85, 86,
  87, 88, 89, 90, 178, 212, 214, 210, 211, 213, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 179, 219, 220, 217, 218, 159,
]);

/** The byte as ISO 8859-1. */
export function fromEbcdic(byte: u32): u32 {
  return <u32>load<u8>(ebcdic + <usize>byte);
}

/**
 * The set of a body, by its first bytes and by what the head names.
 * @param first up to four bytes, the first lowest
 * @param named a `Charset`, NONE for none
 */
export function charsetOf(first: u32, size: u32, named: u32): Charset {
  const sure = named != <u32>Charset.NONE;
  if (size >= 4) {
    if (first == 0x0000feff || ((first & 0xffffff00) == 0 && opens(first, sure))) return Charset.UTF32_LOW;
    if (first == 0xfffe0000 || ((first & 0x00ffffff) == 0 && opens(first >> 24, sure))) return Charset.UTF32_HIGH;
  }
  const two = first & 0xffff;
  if (size >= 2) {
    if (two == 0xfeff || (two < 0x100 && opens(two, sure))) return Charset.UTF16_LOW;
    if (two == 0xfffe || ((two & 255) == 0 && opens(two >> 8, sure))) return Charset.UTF16_HIGH;
  }
  if (named == <u32>Charset.UTF7) return Charset.UTF7;
  if (named == <u32>Charset.EBCDIC) return (first & 0x80808080) != 0 ? Charset.EBCDIC : Charset.NONE;
  if (!sure) return Charset.NONE;
  /* Letters of other scripts have no zeros; a text of ASCII is what it is, whatever the head names. */
  if ((first & 0x80808080) != 0) return named == <u32>Charset.UTF16 ? Charset.UTF16_HIGH : wide(named);
  noteAnomaly(Anomaly.CONTENT_TYPE);
  return Charset.NONE;
}

function wide(named: u32): Charset {
  return named == <u32>Charset.UTF32 ? Charset.UTF32_HIGH : <Charset>named;
}

/** Whether a text can begin with the character: without a name in the head only what documents begin with counts. */
function opens(c: u32, named: bool): bool {
  return c == 0x7b || c == 0x5b || c == 0x3c || c == 0x22 || (named && c > 0 && c < 0x80);
}

/**
 * Whether a value begins like UTF-16 of ASCII: every other byte is NUL. Only the first bytes count, of which there are
 * `WIDE_BYTES_MIN`.
 */
export function looksWide(at: usize, size: u32): bool {
  if (size < WIDE_BYTES_MIN) return false;
  const first = load<u64>(at);
  /* A unit of no bits sets the highest bit of its borrow. */
  if ((first - 0x0001000100010001) & ~first & 0x8000800080008000) return false;
  return (first & 0x00ff00ff00ff00ff) == 0 || (first & 0xff00ff00ff00ff00) == 0;
}

/** Bytes by which UTF-16 is known. */
const WIDE_BYTES_MIN: u32 = 8;

/** Starts on a body in that set; one that nobody needs, since UTF-8 is there, is odd. */
export function recodeBegin(set: Charset): void {
  current.charset = <u32>set;
  current.recodeHold = 0;
  current.recodeBits = 0;
  if (set == Charset.UTF7 || set == Charset.EBCDIC) noteAnomaly(Anomaly.CONTENT_TYPE);
}

let to: usize = 0;

/** Writes a character. */
function put(code: u32): void {
  if (code == 0xfeff) return;
  stepCodePoint(4, code);
  let bytes = stepBytes;
  for (let i: u32 = 0; i < stepSize; i++) {
    store<u8>(to++, <u8>bytes);
    bytes >>= 8;
  }
}

/** One unit of UTF-16: pairs of surrogates are put together, half of one is given up. */
function putUnit(unit: u32): void {
  const high = current.recodeBits >> 8;
  if (unit - 0xdc00 < 0x400 && high) put(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
  else if (unit - 0xd800 >= 0x800) put(unit);
  current.recodeBits = (current.recodeBits & 255) | (unit - 0xd800 < 0x400 ? unit << 8 : 0);
}

/** Takes a byte of a unit of `size` bytes. */
function takeWide(byte: u32, size: u32, low: bool): void {
  const count = current.recodeBits & 255;
  current.recodeHold = low ? current.recodeHold | (byte << (count << 3)) : (current.recodeHold << 8) | byte;
  current.recodeBits++;
  if (count + 1 < size) return;
  const unit = current.recodeHold;
  current.recodeHold = 0;
  current.recodeBits &= ~(<u32>255);
  if (size == 2) putUnit(unit);
  else put(unit);
}

/** Above the bits of UTF-7: the text is between + and -, and the + was the last byte. */
const INSIDE: u32 = 64;
const OPENED: u32 = 128;

/** Takes a byte of UTF-7: plain, or a digit of base64 behind a plus sign. */
function takeUtf7(byte: u32): void {
  const state = current.recodeBits;
  if (!(state & INSIDE)) {
    if (byte != 0x2b) put(byte);
    else {
      current.recodeBits = INSIDE | OPENED;
      current.recodeHold = 0;
    }
    return;
  }
  const digit = byte == 0x2d || byte == 0x5f ? 255 : base64Digit(byte);
  if (digit > 63) {
    current.recodeBits = 0;
    if (byte == 0x2d && (state & OPENED) != 0) put(0x2b);
    else if (byte != 0x2d) put(byte);
    return;
  }
  let count = (state & 31) + 6;
  let hold = (current.recodeHold << 6) | digit;
  let high = state & 0xffffff00;
  if (count >= 16) {
    count -= 16;
    current.recodeBits = high;
    putUnit((hold >> count) & 0xffff);
    high = current.recodeBits & 0xffffff00;
    hold &= (1 << count) - 1;
  }
  current.recodeHold = hold;
  current.recodeBits = high | INSIDE | count;
}

function take(byte: u32): void {
  switch (current.charset) {
    case Charset.UTF16_LOW:
      takeWide(byte, 2, true);
      return;
    case Charset.UTF16_HIGH:
      takeWide(byte, 2, false);
      return;
    case Charset.UTF32_LOW:
      takeWide(byte, 4, true);
      return;
    case Charset.UTF32_HIGH:
      takeWide(byte, 4, false);
      return;
    case Charset.UTF7:
      takeUtf7(byte);
      return;
    default:
      put(fromEbcdic(byte));
  }
}

/** Reads the next piece, and hands on what it gives. */
export function recodeFeed(at: usize, size: u32): void {
  while (size) {
    const mark = arenaMark();
    const room = arenaAlloc(ROOM);
    if (!room) return;
    const many = size < SLICE ? size : SLICE;
    to = room;
    for (let i: u32 = 0; i < many; i++) take(load<u8>(at++));
    size -= many;
    if (to > room) passText(room, <u32>(to - room));
    arenaRelease(mark);
  }
}

/** The body is complete; half a character is lost, as every decoder loses it. */
export function recodeEnd(): void {
  if ((current.recodeBits & 255) != 0 && current.charset != <u32>Charset.UTF7) noteAnomaly(Anomaly.ENCODING);
}
