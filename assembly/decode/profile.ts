/**
 * The one pass over a layer's bytes: which characters and which known words occur. What it finds chooses the decoders
 * and lexers that run next.
 *
 * Guarantee: may say that something occurs that does not (a hash collision); never misses what does.
 */
import { isDigit } from "../bytes/ascii";
import { copyBytes } from "../bytes/guard";
import { hashLanes, WORD_BYTES_MAX } from "../bytes/hash";
import { WORD_FILTER_BITS, WORD_PROBES_MAX, WORD_TABLE_BITS, wordFilter, wordTable } from "../tables/words.gen";
import { Layer } from "./layer";

/** Characters that decoders and lexers care about, one bit each. */
export enum Has {
  SINGLE = 1 << 0,
  DOUBLE = 1 << 1,
  BACKTICK = 1 << 2,
  LESS = 1 << 3,
  GREATER = 1 << 4,
  OPEN = 1 << 5,
  CLOSE = 1 << 6,
  EQUALS = 1 << 7,
  SEMICOLON = 1 << 8,
  PIPE = 1 << 9,
  AMPERSAND = 1 << 10,
  DOLLAR = 1 << 11,
  BRACE = 1 << 12,
  BRACKET = 1 << 13,
  BACKSLASH = 1 << 14,
  SLASH = 1 << 15,
  DOT = 1 << 16,
  HASH = 1 << 17,
  STAR = 1 << 18,
  DASH = 1 << 19,
  PERCENT = 1 << 20,
  PLUS = 1 << 21,
  COLON = 1 << 22,
  MARK = 1 << 23,
  NEWLINE = 1 << 24,
  CONTROL = 1 << 25,
  HIGH = 1 << 26,
  LEAD = 1 << 27,
  DIGIT = 1 << 28,
  ALPHA = 1 << 29,
  SPACE = 1 << 30,
  COMMA = 1 << 31,
}

const classes: usize = memory.data(1024, 16);

function set(byte: u32, bit: u32): void {
  store<u32>(classes + ((<usize>byte) << 2), bit);
}

/** Fills the class table; called once when the module starts. */
export function profileInit(): void {
  for (let c: u32 = 0; c < 32; c++) set(c, Has.CONTROL);
  for (let c: u32 = 128; c < 256; c++) set(c, c < 0xc0 ? Has.HIGH : Has.HIGH | Has.LEAD);
  for (let c: u32 = 48; c < 58; c++) set(c, Has.DIGIT);
  for (let c: u32 = 65; c < 91; c++) {
    set(c, Has.ALPHA);
    set(c + 32, Has.ALPHA);
  }
  for (let c: u32 = 9; c < 14; c++) set(c, Has.SPACE);
  set(10, Has.NEWLINE | Has.SPACE);
  set(13, Has.NEWLINE | Has.SPACE);
  const marks: string = "'\"`<>()=;|&${}[]\\/.#*-%+:!,";
  const bits = memory.data<u32>([
    0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x1000, 0x2000, 0x2000, 0x4000,
    0x8000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x400000, 0x800000, 0x80000000,
  ]);
  for (let i = 0; i < marks.length; i++) {
    set(<u32>load<u16>(changetype<usize>(marks) + ((<usize>i) << 1)), load<u32>(bits + ((<usize>i) << 2)));
  }
  set(0x20, Has.SPACE);
  set(0x5f, Has.ALPHA);
  set(0x7f, Has.CONTROL);
  set(0x3f, Has.MARK);
  set(0x40, Has.MARK);
  set(0x5e, Has.MARK);
  set(0x7e, Has.MARK);
}

/** @returns the payload of the word in [at, at + size), case folded, or 0; see `hashLanes` for where it may lie */
export function wordPayload(at: usize, size: u32): u32 {
  if (!size || size > WORD_BYTES_MAX) return 0;
  const hash = hashLanes(at, size);
  const bit = hash >> (32 - WORD_FILTER_BITS);
  if (!((load<u32>(wordFilter + ((<usize>(bit >> 5)) << 2)) >> (bit & 31)) & 1)) return 0;
  let slot = hash & ((1 << WORD_TABLE_BITS) - 1);
  for (let i: u32 = 0; i < WORD_PROBES_MAX; i++) {
    const entry = wordTable + ((<usize>slot) << 3);
    const found = load<u32>(entry);
    if (found == hash) return load<u32>(entry + 4);
    if (!found) return 0;
    slot = (slot + 1) & ((1 << WORD_TABLE_BITS) - 1);
  }
  return 0;
}

const joined: usize = memory.data(WORD_BYTES_MAX * 2, 16);

/** @returns the payload of a word that stands in two pieces, as around a comment, or 0 */
export function joinedWordPayload(first: usize, firstSize: u32, second: usize, secondSize: u32): u32 {
  if (firstSize + secondSize > WORD_BYTES_MAX) return 0;
  copyBytes(joined, first, firstSize);
  copyBytes(joined + <usize>firstSize, second, secondSize);
  return wordPayload(joined, firstSize + secondSize);
}

let words: u32 = 0;
let count: u32 = 0;

/** Takes a run of letters, digits and underscores; digits in front are no part of the word. */
function takeWord(at: usize, end: usize): void {
  while (at < end && isDigit(load<u8>(at))) at++;
  const size = <u32>(end - at);
  if (size < 2) return;
  const payload = wordPayload(at, size);
  words |= payload;
  if (payload) count++;
}

/** Classes of the bytes of one block that are neither of a word nor a space, by bits of `special`. */
function hasOf(at: usize, special: u32): u32 {
  let has: u32 = 0;
  while (special) {
    has |= load<u32>(classes + ((<usize>load<u8>(at + <usize>ctz(special))) << 2));
    special &= special - 1;
  }
  return has;
}

/**
 * Fills `has`, `words`, `wordCount` and `opaque` of a layer, 16 bytes at a time. Up to 15 bytes behind it are loaded;
 * what they hold does not matter.
 */
export function profileLayer(layer: Layer): void {
  const end = layer.at + <usize>layer.size;
  let has: u32 = 0;
  let opaque: u32 = 0;
  let open: usize = 0;
  words = 0;
  count = 0;
  for (let at = layer.at; at < end; at += 16) {
    const bytes = v128.load(at);
    const left = <u32>(end - at);
    const valid: u32 = left < 16 ? (1 << left) - 1 : 0xffff;
    const folded = v128.or(bytes, i8x16.splat(0x20));
    const letter = i8x16.lt_u(i8x16.sub(folded, i8x16.splat(97)), i8x16.splat(26));
    const digit = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(48)), i8x16.splat(10));
    const alphas = <u32>i8x16.bitmask(v128.or(letter, i8x16.eq(bytes, i8x16.splat(0x5f)))) & valid;
    const digits = <u32>i8x16.bitmask(digit) & valid;
    const spaces = <u32>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x20))) & valid;
    if (alphas) has |= Has.ALPHA;
    if (digits) has |= Has.DIGIT;
    if (spaces) has |= Has.SPACE;
    let run = alphas | digits;
    const special = ~(run | spaces) & valid;
    if (special) {
      has |= hasOf(at, special);
      /* Control characters but white space, and bytes above ASCII. */
      const control = i8x16.lt_u(bytes, i8x16.splat(32));
      const white = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(9)), i8x16.splat(5));
      const odd = v128.or(v128.andnot(control, white), i8x16.lt_s(bytes, i8x16.splat(0)));
      opaque += popcnt(<u32>i8x16.bitmask(odd) & valid);
    }
    if (open) {
      const length = <u32>ctz(~run);
      if (length >= 16) continue;
      takeWord(open, at + <usize>length);
      open = 0;
      run &= (<u32>-1) << length;
    }
    while (run) {
      const start = <u32>ctz(run);
      const stop = start + <u32>ctz(~(run >> start));
      if (stop >= 16) {
        open = at + <usize>start;
        break;
      }
      takeWord(at + <usize>start, at + <usize>stop);
      run &= (<u32>-1) << stop;
    }
  }
  if (open) takeWord(open, end);
  layer.has = has;
  layer.words = words;
  layer.wordCount = count;
  layer.opaque = opaque;
}
