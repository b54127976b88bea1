/** Cursors: where a list goes on, as a text that whoever asks hands back as it is. */
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";

const cursorSchema = z.tuple([z.number(), z.string().max(8192)]);
const CURSOR_CHARS_MAX = 16_384;

/** A place in a list: the value that orders it, and what orders those that are equal. */
export type Cursor = readonly [value: number, tie: string];

/** Writes a cursor. */
export function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

/** @throws MerlonError MERLON_SEARCH for what is no cursor of ours */
export function readCursor(text: string | null): Cursor | null {
  if (text === null) return null;
  try {
    if (text.length > CURSOR_CHARS_MAX) throw new RangeError("too long");
    return cursorSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch (cause) {
    throw new MerlonError("MERLON_SEARCH", "the cursor is none — hand back the one of the page before, as it is", {
      cause,
    });
  }
}
