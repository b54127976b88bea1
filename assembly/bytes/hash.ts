/** Hashes: of words for the tables, of values for telling readings apart. Not for secrets. */
import { lower } from "./ascii";

/** FNV-1a's step with a final mix; the table generator computes the same in TypeScript. */
export const HASH_SEED: u32 = 0x811c9dc5;

export function hashStep(hash: u32, byte: u32): u32 {
  return (hash ^ byte) * 0x01000193;
}

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

/** The same hash of a lower-case ASCII literal. */
export function hashLiteral(word: string): u32 {
  let hash = HASH_SEED;
  const text = changetype<usize>(word);
  const size = <u32>word.length;
  for (let i: u32 = 0; i < size; i++) hash = hashStep(hash, <u32>load<u16>(text + ((<usize>i) << 1)));
  return hashEnd(hash);
}

/** 64 bits over any bytes, eight at a time; differs for different lengths. */
export function hashBytes(at: usize, size: u32): u64 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ (<u64>size * 0xff51afd7ed558ccd);
  let end = at + <usize>(size & ~7);
  while (at < end) {
    hash = (hash ^ load<u64>(at)) * 0x9fb21c651e98df25;
    hash ^= hash >> 32;
    at += 8;
  }
  end += <usize>(size & 7);
  while (at < end) hash = (hash ^ load<u8>(at++)) * 0x100000001b3;
  return hash ^ (hash >> 29);
}
