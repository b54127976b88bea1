/**
 * Heads as the core takes them: names and values in one block, in Proxy-Wasm's serialisation, see
 * assembly/decode/pairs.ts. Texts hold one byte a character.
 */

/** Node's buffers write single-byte text fastest by a method that its types do not know. */
export type Bytes = Buffer & { latin1Write(text: string, at: number, size: number): number };

/**
 * Writes pairs: names and values in turn, those of `first` before those of `second`.
 * @param at where the block begins
 * @param most bytes that there is room for
 * @returns bytes, or -1 where they do not fit
 */
export function writePairs(
  view: Bytes,
  at: number,
  most: number,
  first: readonly string[],
  second: readonly string[],
): number {
  const count = (first.length >> 1) + (second.length >> 1);
  let bytes = 4 + count * 8;
  for (const list of [first, second]) for (const text of list) bytes += text.length + 1;
  if (bytes > most) return -1;
  let sizes = at;
  view.writeUInt32LE(count, sizes);
  sizes += 4;
  let next = sizes + count * 8;
  for (const list of [first, second]) {
    for (const text of list) {
      view.writeUInt32LE(text.length, sizes);
      sizes += 4;
      view.latin1Write(text, next, text.length);
      next += text.length;
      view[next++] = 0;
    }
  }
  return bytes;
}

/** @returns the names and values in turn of a block that `writePairs` wrote */
export function readPairs(view: Buffer, at: number): string[] {
  const count = view.readUInt32LE(at) * 2;
  const texts: string[] = [];
  let next = at + 4 + count * 4;
  for (let i = 0; i < count; i++) {
    const size = view.readUInt32LE(at + 4 + i * 4);
    texts.push(view.toString("latin1", next, next + size));
    next += size + 1;
  }
  return texts;
}
