/**
 * Decoders in TypeScript, written from the same sources as the core's and from nothing else of it: tests compare both.
 */

/** Look-alikes that back ends fold to ASCII (best fit of Windows code pages and of MySQL). */
const FOLDED: ReadonlyMap<number, string> = new Map([
  ...[0x2215, 0x2044, 0x29f8].map((code) => [code, "/"] as const),
  ...[0x2216, 0x29f9, 0xfe68].map((code) => [code, "\\"] as const),
  ...[0x2018, 0x2019, 0x02b9, 0x02bc, 0x2032].map((code) => [code, "'"] as const),
  ...[0x3008, 0x2039, 0x2329].map((code) => [code, "<"] as const),
  ...[0x3009, 0x203a, 0x232a].map((code) => [code, ">"] as const),
]);

/** A code point as UTF-8 bytes, one a character; full-width forms and look-alikes as ASCII, what is none as `?`. */
export function codePoint(code: number): string {
  if (code >= 0xff01 && code < 0xff01 + 94) return String.fromCharCode(code - 0xfee0);
  const folded = FOLDED.get(code);
  if (folded !== undefined) return folded;
  if (code >= 0xd800 && code < 0xe000) {
    return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return code >= 0x110000 ? "?" : Buffer.from(String.fromCodePoint(code), "utf8").toString("latin1");
}

/** `%XX` and `%uXXXX`; malformed escapes stay. */
export function percent(text: string): string {
  return text.replace(/%(?:([0-9a-fA-F]{2})|[uU]([0-9a-fA-F]{4}))/g, (_all, byte?: string, code?: string) =>
    byte !== undefined ? String.fromCharCode(Number.parseInt(byte, 16)) : codePoint(Number.parseInt(code ?? "", 16)),
  );
}

/** The same with `+` for a space. */
export function form(text: string): string {
  return percent(text.replaceAll("+", " "));
}
