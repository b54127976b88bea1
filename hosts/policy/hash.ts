/** The core's hash of names and stamps, computed here so that images can hold four bytes where they mean a word. */

const SEED = 0x811c9dc5;
const STEP = 0x01000193;
const MIX = 0x2c1b3c6d;

/**
 * FNV-1a with a final mix over the bytes of a word, upper-case ASCII folded: `hashWord` of assembly/bytes/hash.ts.
 * @returns an unsigned number of 32 bits
 */
export function hashWord(word: string | Uint8Array, encoding: "utf8" | "latin1" = "utf8"): number {
  let hash = SEED;
  const bytes = typeof word === "string" ? Buffer.from(word, encoding) : word;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const folded = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    hash = Math.imul(hash ^ folded, STEP);
  }
  hash = Math.imul(hash ^ (hash >>> 15), MIX);
  return (hash ^ (hash >>> 13)) >>> 0;
}
