/** The characters of markup at which its reader stops; everything between them is passed 16 bytes at a time. */

/** Which of 16 bytes are angle brackets, equals signs or quotes, one bit each. */
export function marksIn(chunk: usize): u32 {
  const bytes = v128.load(chunk);
  const angles = v128.or(i8x16.eq(bytes, i8x16.splat(0x3c)), i8x16.eq(bytes, i8x16.splat(0x3e)));
  const quotes = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x27)));
  const others = v128.or(i8x16.eq(bytes, i8x16.splat(0x3d)), i8x16.eq(bytes, i8x16.splat(0x60)));
  return <u32>i8x16.bitmask(v128.or(v128.or(angles, quotes), others));
}
