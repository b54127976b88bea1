/**
 * Bytes that a client wrote, as text in which nothing hides: letters and signs of any script are shown as they are,
 * everything that would be invisible, reorder the line or is no UTF-8 is shown by its bytes.
 */

/** A run of bytes in a value, one of them marked. */
export interface Marked {
  readonly before: Uint8Array;
  readonly marked: Uint8Array;
  readonly after: Uint8Array;
  /** Whether the value goes on beyond what is here. */
  readonly isCutBefore: boolean;
  readonly isCutAfter: boolean;
}

const VISIBLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u;

/** @returns the bytes of base64; none where it is no base64 */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** @returns the bytes of the character at `at` by its first byte; 0 where none begins there */
function sequenceSize(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/** @param lines true to keep line breaks, false to show each as a sign */
export function visibleText(bytes: Uint8Array, lines = false): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else if (byte === 0x0a) text += lines ? "\n" : "⏎";
    else if (byte === 0x09) text += "⇥";
    else {
      const character = characterAt(bytes, at, decoder);
      if (character !== null) {
        text += character;
        at += sequenceSize(byte);
        continue;
      }
      text += `\\x${hexByte(byte)}`;
    }
    at++;
  }
  return text;
}

function characterAt(bytes: Uint8Array, at: number, decoder: TextDecoder): string | null {
  const size = sequenceSize(bytes[at] ?? 0);
  if (size === 0 || at + size > bytes.length) return null;
  try {
    const character = decoder.decode(bytes.subarray(at, at + size));
    return VISIBLE.test(character) ? character : null;
  } catch {
    return null;
  }
}

/** Text of a record in which nothing hides. */
export function visible(text: string, lines = false): string {
  return visibleText(new TextEncoder().encode(text), lines);
}

/** `0a`. */
export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/**
 * Cuts an excerpt at its span; a span outside of it marks nothing.
 * @param at where the excerpt begins in the value
 */
export function markedOf(excerpt: Uint8Array, at: number, span: readonly [number, number]): Marked {
  const from = Math.min(excerpt.length, Math.max(0, span[0] - at));
  const to = Math.min(excerpt.length, Math.max(from, span[1] - at));
  return {
    before: excerpt.subarray(0, from),
    marked: excerpt.subarray(from, to),
    after: excerpt.subarray(to),
    isCutBefore: at > 0,
    isCutAfter: span[1] > at + excerpt.length,
  };
}

/** One line of a hex view: sixteen bytes at most. */
export interface HexLine {
  /** Where it begins in the value. */
  readonly at: number;
  readonly cells: readonly { readonly hex: string; readonly text: string; readonly isMarked: boolean }[];
}

const HEX_COLUMNS = 16;

/** @param at where the bytes begin in their value; lines begin at multiples of sixteen of the excerpt */
export function hexLines(bytes: Uint8Array, at: number, span: readonly [number, number]): HexLine[] {
  const lines: HexLine[] = [];
  for (let from = 0; from < bytes.length; from += HEX_COLUMNS) {
    const cells = [...bytes.subarray(from, from + HEX_COLUMNS)].map((byte, index) => {
      const place = at + from + index;
      const text = byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
      return { hex: hexByte(byte), text, isMarked: place >= span[0] && place < span[1] };
    });
    lines.push({ at: at + from, cells });
  }
  return lines;
}
