/** Encodings under which attacks arrive: what an application undoes before it uses a value. */

/** All encodings. */
export const ENCODINGS = ["plain", "url", "base64", "base64-flat", "js-unicode", "xml-entity"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/**
 * Encodes a text.
 * @returns text of bytes: one byte a character, UTF-8 for what is beyond ASCII
 */
export function encode(text: string, encoding: Encoding): string {
  const bytes = Buffer.from(text, "utf8");
  switch (encoding) {
    case "plain":
      return bytes.toString("latin1");
    case "url":
      return percentEncode(bytes.toString("latin1"), /[^A-Za-z0-9._~-]/g);
    case "base64":
      return bytes.toString("base64");
    case "base64-flat":
      return bytes.toString("base64").replace(/=+$/, "");
    case "js-unicode":
      return [...text].map(unicodeEscape).join("");
    case "xml-entity":
      return [...text].map((char) => `&#x${char.codePointAt(0)?.toString(16)};`).join("");
  }
}

/** Percent-encodes the matched bytes (RFC 3986 §2.1). */
export function percentEncode(text: string, matched: RegExp): string {
  return text.replace(matched, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** Beyond the first plane, JavaScript writes a character as two escapes. */
function unicodeEscape(char: string): string {
  return char
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
