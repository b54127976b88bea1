/** The core's hash of names and stamps, computed here so that images can hold four bytes where they mean a word. */

const SEED = 0x811c9dc5;
const STEP = 0x01000193;
const MIX = 0x2c1b3c6d;

/**
 * FNV-1a with a final mix over the bytes of a word, upper-case ASCII folded: `hashWord` of assembly/bytes/hash.ts.
 * @returns an unsigned number of 32 bits
 */
export function hashWord(word: string | Uint8Array): number {
  let hash = SEED;
  for (const byte of typeof word === "string" ? Buffer.from(word, "utf8") : word) {
    const folded = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    hash = Math.imul(hash ^ folded, STEP);
  }
  hash = Math.imul(hash ^ (hash >>> 15), MIX);
  return (hash ^ (hash >>> 13)) >>> 0;
}
