/**
 * The one pass over a layer's bytes: which characters and which known words occur. What it finds chooses the decoders
 * and lexers that run next.
 *
 * Guarantee: may say that something occurs that does not (a hash collision); never misses what does.
 */
import { HASH_SEED, hashEnd, hashStep } from "../bytes/hash";
import { WORD_PROBES_MAX, WORD_TABLE_BITS, wordTable } from "../tables/words.gen";
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

/** @returns the payload of a word by its hash, or 0 */
export function wordPayloadOfHash(hash: u32): u32 {
  let slot = hash & ((1 << WORD_TABLE_BITS) - 1);
  for (let i: u32 = 0; i < WORD_PROBES_MAX; i++) {
    const at = wordTable + ((<usize>slot) << 3);
    const found = load<u32>(at);
    if (found == hash) return load<u32>(at + 4);
    if (!found) return 0;
    slot = (slot + 1) & ((1 << WORD_TABLE_BITS) - 1);
  }
  return 0;
}

/** @returns the payload of the word in [at, at + size), case folded, or 0 */
export function wordPayload(at: usize, size: u32): u32 {
  if (size > 32) return 0;
  let hash = HASH_SEED;
  const end = at + <usize>size;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    hash = hashStep(hash, c - 65 < 26 ? c + 32 : c);
  }
  return wordPayloadOfHash(hashEnd(hash));
}

const WORDY: u32 = Has.ALPHA | Has.DIGIT;

/** Fills `has`, `words`, `wordCount` and `opaque` of a layer. */
export function profileLayer(layer: Layer): void {
  let at = layer.at;
  const end = at + <usize>layer.size;
  let has: u32 = 0;
  let words: u32 = 0;
  let count: u32 = 0;
  let opaque: u32 = 0;
  while (at < end) {
    let c = <u32>load<u8>(at);
    let bits = load<u32>(classes + ((<usize>c) << 2));
    if (bits & Has.ALPHA) {
      has |= Has.ALPHA;
      const start = at;
      let hash = HASH_SEED;
      do {
        hash = hashStep(hash, c - 65 < 26 ? c + 32 : c);
        at++;
        if (at == end) break;
        c = <u32>load<u8>(at);
        bits = load<u32>(classes + ((<usize>c) << 2));
        has |= bits & Has.DIGIT;
      } while (bits & WORDY);
      if (at - start > 1 && at - start <= 32) {
        const payload = wordPayloadOfHash(hashEnd(hash));
        words |= payload;
        if (payload) count++;
      }
      continue;
    }
    has |= bits;
    if (bits & (Has.CONTROL | Has.HIGH)) opaque++;
    at++;
  }
  layer.has = has;
  layer.words = words;
  layer.wordCount = count;
  layer.opaque = opaque;
}
