/**
 * Text for terminals: what others wrote is escaped before it is shown, so that no byte of a request or a file name can
 * move the cursor, change colours or hide what stands before it.
 */

/** Control and format characters, line separators, lone surrogates and private ones. */
const UNSAFE = /[\p{C}\u2028\u2029]/gu;
const WORD_CHARS_MAX = 200;

/** Words of the person at the terminal, such as file names: readable in any script, escaped and bounded. */
export function showWord(text: string): string {
  const shown = text.slice(0, WORD_CHARS_MAX).replace(UNSAFE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
  return text.length > WORD_CHARS_MAX ? `${shown}…` : shown;
}

/** @returns how one byte is shown: printable ASCII as it is, others as `\n`, `\r`, `\t` or `\xNN` */
export function showByte(byte: number): string {
  if (byte === 0x5c) return "\\\\";
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  if (byte === 0x0a) return "\\n";
  if (byte === 0x0d) return "\\r";
  if (byte === 0x09) return "\\t";
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/**
 * Bytes of a request on one line of ASCII.
 * @param charsMax characters kept; what is cut is marked by `…`
 */
export function showBytes(bytes: Uint8Array, charsMax: number): string {
  let shown = "";
  for (const byte of bytes) {
    const next = showByte(byte);
    if (shown.length + next.length > charsMax) return `${shown}…`;
    shown += next;
  }
  return shown;
}

/** A column of a table: its title, and whether its cells are numbers, which align on the right. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

/** @returns the table as lines of equal columns, two spaces apart; without trailing spaces */
export function layOut(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ right }, at) =>
        right ? (row[at] ?? "").padStart(widths[at] ?? 0) : (row[at] ?? "").padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return `${all.map(line).join("\n")}\n`;
}

/** @returns a share in per cent; "–" where there is nothing to share */
export function percent(part: number, whole: number, digits = 2): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(digits)} %`;
}

/** @returns the number with a comma between thousands */
export function count(number: number): string {
  return number.toLocaleString("en-US");
}
