/**
 * Scans for single bytes and for byte classes, 16 bytes at a time. Values end in zero padding, so that a class scan may
 * load over their end; searches in unpadded buffers finish bytewise.
 */

/** @returns address of the first `byte` in [at, end), or `end`; the bytes need no padding */
export function findByte(at: usize, end: usize, byte: u32): usize {
  const needle = i8x16.splat(<i8>byte);
  while (at + 16 <= end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), needle));
    if (mask) return at + <usize>ctz(mask);
    at += 16;
  }
  while (at < end && load<u8>(at) != byte) at++;
  return at;
}

/** @returns address of the first of two bytes in [at, end), or `end`; the bytes need no padding */
export function findEither(at: usize, end: usize, first: u32, second: u32): usize {
  const a = i8x16.splat(<i8>first);
  const b = i8x16.splat(<i8>second);
  while (at + 16 <= end) {
    const bytes = v128.load(at);
    const mask = i8x16.bitmask(v128.or(i8x16.eq(bytes, a), i8x16.eq(bytes, b)));
    if (mask) return at + <usize>ctz(mask);
    at += 16;
  }
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == first || c == second) break;
    at++;
  }
  return at;
}

/** Whether two ranges hold the same bytes; they need no padding. */
export function sameBytes(a: usize, b: usize, size: u32): bool {
  const end = a + <usize>size;
  while (a + 16 <= end) {
    if (!i8x16.all_true(i8x16.eq(v128.load(a), v128.load(b)))) return false;
    a += 16;
    b += 16;
  }
  while (a < end) if (load<u8>(a++) != load<u8>(b++)) return false;
  return true;
}
