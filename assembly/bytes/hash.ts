/** Hashes: of words for the tables, of values for telling readings apart. Not for secrets. */
import { lower } from "./ascii";

/** FNV-1a's step with a final mix; the table generator computes the same in TypeScript. */
export const HASH_SEED: u32 = 0x811c9dc5;

/** Adds one byte to a hash that began with HASH_SEED. */
export function hashStep(hash: u32, byte: u32): u32 {
  return (hash ^ byte) * 0x01000193;
}

/** Mixes the finished hash, so that its lower bits can choose a bucket. */
export function hashEnd(hash: u32): u32 {
  hash ^= hash >> 15;
  hash *= 0x2c1b3c6d;
  return hash ^ (hash >> 13);
}

/** Hash of a word with its case folded. */
export function hashWord(at: usize, size: u32): u32 {
  let hash = HASH_SEED;
  const end = at + <usize>size;
  while (at < end) hash = hashStep(hash, lower(load<u8>(at++)));
  return hashEnd(hash);
}

/** Longest word that the tables know. */
export const WORD_BYTES_MAX: u32 = 32;
const LANE_SEED: u64 = 0x9e3779b97f4a7c15;
const LANE_FACTOR: u64 = 0x9fb21c651e98df25;
const LANE_LOWER: u64 = 0x2020202020202020;

/**
 * Hash of a word of letters, digits and underscores with its case folded, eight bytes at a time; the table generator
 * computes the same. Setting bit 5 lowers letters and keeps digits and underscores apart.
 * @param size above 0; up to 16 bytes from each lane's begin are loaded, so the word must lie in a value (whose padding
 *   reaches that far) or in static memory
 */
export function hashLanes(at: usize, size: u32): u32 {
  let hash = LANE_SEED ^ <u64>size;
  while (size > 8) {
    hash = (hash ^ (i64x2.extract_lane(v128.load(at), 0) | LANE_LOWER)) * LANE_FACTOR;
    hash ^= hash >> 29;
    at += 8;
    size -= 8;
  }
  const keep = <u64>-1 >> <u64>(64 - size * 8);
  hash = (hash ^ ((i64x2.extract_lane(v128.load(at), 0) | LANE_LOWER) & keep)) * LANE_FACTOR;
  return <u32>(hash ^ (hash >> 32));
}

/**
 * Whether a name is the same as another one that was folded as `hashLanes` folds it. Names of HTTP hold no characters
 * that folding confuses (RFC 9110 §5.6.2); the same padding is needed.
 */
export function sameLanes(at: usize, folded: usize, size: u32): bool {
  while (size >= 8) {
    if ((load<u64>(at) | LANE_LOWER) != load<u64>(folded)) return false;
    at += 8;
    folded += 8;
    size -= 8;
  }
  if (!size) return true;
  const keep = <u64>-1 >> <u64>(64 - size * 8);
  return (
    ((i64x2.extract_lane(v128.load(at), 0) | LANE_LOWER) & keep) == (i64x2.extract_lane(v128.load(folded), 0) & keep)
  );
}

/** Hash of any bytes, to find a slot by; they need no padding. */
export function hashBytes(at: usize, size: u32): u32 {
  let hash = LANE_SEED ^ <u64>size;
  const end = at + <usize>size;
  while (at + 8 <= end) {
    hash = (hash ^ load<u64>(at)) * LANE_FACTOR;
    hash ^= hash >> 29;
    at += 8;
  }
  let rest: u64 = 0;
  while (at < end) rest = (rest << 8) | <u64>load<u8>(at++);
  hash = (hash ^ rest) * LANE_FACTOR;
  return <u32>(hash ^ (hash >> 32));
}
