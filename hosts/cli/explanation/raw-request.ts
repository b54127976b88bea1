/**
 * A raw request as people write it into a file: line ends of an editor, a last line break too many, a Content-Length
 * that was true before the body was changed. What is mended is said.
 */
import { MerlonError } from "../../core/error.ts";

/** Bytes of the largest request. */
export const REQUEST_BYTES_MAX = 16 * 1024 * 1024;

/** A request ready for the core, and what was changed to make it so. */
export interface RawRequest {
  readonly bytes: Buffer;
  readonly notes: readonly string[];
}

const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ +\S/;

/**
 * Reads a raw HTTP/1 request.
 * @throws MerlonError MERLON_INPUT when it does not begin with a request line
 */
export function readRawRequest(written: Buffer): RawRequest {
  const text = written.toString("latin1").replace(/^(?:\r?\n)+/, "");
  const isCurl = /^curl\s/.test(text);
  if (isCurl || !REQUEST_LINE.test(text)) {
    const why = "it begins with a request line such as GET /path HTTP/1.1";
    const fix = isCurl ? "use --curl for a curl command" : "give the request as it is sent";
    throw new MerlonError("MERLON_INPUT", `the input is no raw HTTP request — ${why}; ${fix}`);
  }
  const blank = /\r?\n\r?\n/.exec(text);
  const head = (blank === null ? text.replace(/\r?\n$/, "") : text.slice(0, blank.index)).replace(/\r?\n/g, "\r\n");
  const body = blank === null ? "" : text.slice(blank.index + blank[0].length);
  const notes: string[] = [];
  const framed = frame(head, body, notes);
  return { bytes: Buffer.from(`${framed.head}\r\n\r\n${framed.body}`, "latin1"), notes };
}

function frame(head: string, body: string, notes: string[]): { head: string; body: string } {
  if (/\r\ntransfer-encoding[ \t]*:[^\r]*chunked/i.test(head)) return { head, body };
  const declared = /(\r\ncontent-length[ \t]*:[ \t]*)(\d+)/i.exec(head);
  if (declared !== null && Number(declared[2]) === body.length) return { head, body };
  // Editors end files with a line break; only a length could tell it from the body.
  const trimmed = body.replace(/\r?\n$/, "");
  if (declared === null) {
    if (trimmed !== body) notes.push("the line break at the end was taken for the file's, not the body's");
    return { head, body: trimmed };
  }
  const [field, before = "", digits = ""] = declared;
  if (Number(digits) === trimmed.length) return { head, body: trimmed };
  notes.push(`Content-Length says ${digits}, the body has ${trimmed.length} bytes: inspected with the true length`);
  return { head: head.replace(field, `${before}${trimmed.length}`), body: trimmed };
}
