/**
 * Noise: compressed bytes, pictures and keys, read as they came. Their few escapes are chance, and what is undone in
 * them makes others, so that undoing them again and again would cost much and show nothing.
 *
 * One run of ASCII text as long as an attack has that was encoded three times, and the bytes are no noise, whatever
 * stands around it; what was encoded less often was undone before anyone asks. See test/assembly/decode/noise.test.ts.
 */

/** Shorter values cost little, and cannot show that they are noise. */
const NOISE_BYTES_MIN: u32 = 256;
/** Bytes of text in a row that noise does not have: two marks encoded three times, and a word. */
const TEXT_RUN: u32 = 24;
/** Of so many bytes of noise at least one is a control character that no text has; in random bytes it is one in 10. */
const CONTROL_EACH: u32 = 32;

/**
 * Whether the bytes are noise.
 * @param opaque how many of them are control characters or above ASCII
 */
export function isNoise(at: usize, size: u32, opaque: u32): bool {
  if (size < NOISE_BYTES_MIN || opaque * 4 < size) return false;
  const end = at + <usize>size;
  let controls: u32 = 0;
  let run: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c - 32 < 95 || c - 9 < 5) {
      if (++run == TEXT_RUN) return false;
      continue;
    }
    run = 0;
    if (c < 32) controls++;
  }
  return controls * CONTROL_EACH >= size;
}
