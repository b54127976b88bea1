/**
 * What one step of an encoding's decoder gives back: how much it read and up to eight bytes of output. Every encoding
 * is written once, as a step; decoding and mapping spans back to the encoded bytes are the same loop over it.
 */

/** Bytes the last step consumed, ≥ 1. */
export let stepRead: u32 = 0;
/** Bytes the last step produced, ≤ stepRead and ≤ 8. */
export let stepSize: u32 = 0;
/** The bytes produced, first one lowest. */
export let stepBytes: u64 = 0;

/** Sets the result of a step. */
export function stepSet(read: u32, size: u32, bytes: u64): void {
  stepRead = read;
  stepSize = size;
  stepBytes = bytes;
}

/** One byte that stands for itself. */
export function stepPlain(byte: u32): void {
  stepRead = 1;
  stepSize = 1;
  stepBytes = <u64>byte;
}

/**
 * A code point as UTF-8. Full-width forms and look-alikes of ASCII become ASCII, as IIS and MySQL's best fit do: that
 * is what hides a quote or a slash.
 * @param read bytes of the escape, ≥ 4 for a code point above U+07FF, so that output never outgrows input
 */
export function stepCodePoint(read: u32, code: u32): void {
  if (code - 0xff01 < 94) code -= 0xfee0;
  else if (code == 0x2215 || code == 0x2044 || code == 0x29f8) code = 0x2f;
  else if (code == 0x2216 || code == 0x29f9 || code == 0xfe68) code = 0x5c;
  else if (code == 0x2018 || code == 0x2019 || code == 0x02b9 || code == 0x02bc || code == 0x2032) code = 0x27;
  else if (code == 0x3008 || code == 0x2039 || code == 0x2329) code = 0x3c;
  else if (code == 0x3009 || code == 0x203a || code == 0x232a) code = 0x3e;
  if (code < 0x80) stepSet(read, 1, <u64>code);
  else if (code < 0x800) stepSet(read, 2, <u64>(0xc0 | (code >> 6)) | ((<u64>(0x80 | (code & 63))) << 8));
  else if (code < 0x10000) {
    const tail = ((<u64>(0x80 | ((code >> 6) & 63))) << 8) | ((<u64>(0x80 | (code & 63))) << 16);
    stepSet(read, 3, <u64>(0xe0 | (code >> 12)) | tail);
  } else if (code < 0x110000) {
    const tail = ((<u64>(0x80 | ((code >> 12) & 63))) << 8) | ((<u64>(0x80 | ((code >> 6) & 63))) << 16);
    stepSet(read, 4, <u64>(0xf0 | (code >> 18)) | tail | ((<u64>(0x80 | (code & 63))) << 24));
  } else stepSet(read, 1, 0x3f);
}
