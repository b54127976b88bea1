/** Single bytes: case, digits and the like. Leaf functions, inlined by the optimizer. */

/** The byte in lower case where it is an ASCII letter, else as it is. */
export function lower(c: u32): u32 {
  return c - 65 < 26 ? c + 32 : c;
}

/** An ASCII letter. */
export function isAlpha(c: u32): bool {
  return (c | 32) - 97 < 26;
}

/** A decimal digit. */
export function isDigit(c: u32): bool {
  return c - 48 < 10;
}

/** A letter, a digit or an underscore. */
export function isWord(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x5f;
}

/** Space, tab, LF, VT, FF, CR. */
export function isSpace(c: u32): bool {
  return c == 32 || c - 9 < 5;
}

/** @returns the value of a hexadecimal digit, or 255 */
export function hexValue(c: u32): u32 {
  if (c - 48 < 10) return c - 48;
  const letter = (c | 32) - 97;
  return letter < 6 ? letter + 10 : 255;
}

/** Compares `size` bytes with the ASCII literal, ignoring the case of the bytes; the literal is lower case. */
export function equalsLower(at: usize, size: u32, literal: string): bool {
  if (size != <u32>literal.length) return false;
  return startsLower(at, size, literal);
}

/** Whether the bytes begin with the lower-case ASCII literal, ignoring case. */
export function startsLower(at: usize, size: u32, literal: string): bool {
  const n = <u32>literal.length;
  if (size < n) return false;
  const text = changetype<usize>(literal);
  for (let i: u32 = 0; i < n; i++) {
    if (lower(load<u8>(at + <usize>i)) != <u32>load<u16>(text + ((<usize>i) << 1))) return false;
  }
  return true;
}

/** Whether the bytes end in the lower-case ASCII literal, ignoring case. */
export function endsLower(at: usize, size: u32, literal: string): bool {
  const tail = <u32>literal.length;
  return size >= tail && startsLower(at + <usize>(size - tail), tail, literal);
}

/** Whether the bytes are one of the lines of `rows`, case ignored; the rows are lower case, each with its line end. */
export function isRow(rows: string, at: usize, size: u32): bool {
  let row = changetype<usize>(rows);
  const end = row + ((<usize>rows.length) << 1);
  while (row < end) {
    let i: u32 = 0;
    while (i < size) {
      if (<u32>load<u16>(row) != lower(load<u8>(at + <usize>i))) break;
      i++;
      row += 2;
    }
    if (i == size && load<u16>(row) == 0x0a) return true;
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
  return false;
}

/** Writes an ASCII literal; @returns the bytes written */
export function writeLiteral(to: usize, literal: string): u32 {
  const n = <u32>literal.length;
  const text = changetype<usize>(literal);
  for (let i: u32 = 0; i < n; i++) store<u8>(to + <usize>i, load<u8>(text + ((<usize>i) << 1)));
  return n;
}

/** Writes a decimal number. @returns bytes written */
export function writeNumber(to: usize, value: u32): u32 {
  let digits: u32 = 1;
  for (let rest = value / 10; rest; rest /= 10) digits++;
  for (let i = digits; i; i--) {
    store<u8>(to + <usize>(i - 1), <u8>(48 + (value % 10)));
    value /= 10;
  }
  return digits;
}
