/**
 * What a client wrote as text that can stand in JSON and in any database: UTF-8 stays as it is, and bytes that are none
 * stand as `\xNN`, as do control characters, since PostgreSQL takes no NUL and terminals obey the others.
 */

const DECODER = new TextDecoder("utf-8", { fatal: true });
/** Nearly all of what clients write: nothing to decode and nothing to escape. */
const PLAIN = /^[ -~]*$/;
const ESCAPED = /[\p{Cc}\u2028\u2029]/gu;

function escapeControls(text: string): string {
  return text.replace(ESCAPED, (char) =>
    Buffer.from(char, "utf8").reduce((shown, byte) => `${shown}\\x${byte.toString(16).padStart(2, "0")}`, ""),
  );
}

/** Bytes of the character that begins at an index; 0 where none does (RFC 3629 §4). */
function characterSize(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  const second = bytes[at + 1] ?? 0;
  if (lead === 0xe0 && second < 0xa0) return 0;
  if (lead === 0xed && second > 0x9f) return 0;
  if (lead === 0xf0 && second < 0x90) return 0;
  if (lead === 0xf4 && second > 0x8f) return 0;
  for (let i = 1; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

function decode(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    // Some byte is no UTF-8; only then the slow way.
  }
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    text += size === 0 ? `\\x${bytes[at]?.toString(16)}` : Buffer.from(bytes.subarray(at, at + size)).toString("utf8");
    at += Math.max(size, 1);
  }
  return text;
}

/** @returns the text cut to so many UTF-16 units, never through a character; what is cut is marked by `…` */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const isPair = end > 0 && /[\ud800-\udbff]/.test(text.charAt(end - 1));
  return `${text.slice(0, isPair ? end - 1 : end)}…`;
}

/**
 * @param written bytes, or a text of one byte a character
 * @param most UTF-16 units of the result, at least 1
 */
export function safeText(written: Uint8Array | string, most: number): string {
  if (typeof written === "string" && PLAIN.test(written)) return cutText(written, most);
  // Any byte becomes at least a quarter of a unit.
  const bytes = (typeof written === "string" ? Buffer.from(written, "latin1") : written).subarray(0, most * 4 + 4);
  return cutText(escapeControls(decode(bytes)), most);
}
