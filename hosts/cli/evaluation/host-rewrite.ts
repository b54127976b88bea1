/**
 * Another host name in captured requests: sets that were recorded against one machine carry its address in every
 * header, and a WAF that learnt the address would look better than it is.
 */
import { usage } from "../command.ts";
import { showWord } from "../text.ts";

/** A name to look for and what stands in its place. */
export interface HostRewrite {
  readonly from: Buffer;
  readonly to: Buffer;
}

const NAME = /^[A-Za-z0-9._:[\]-]{1,255}$/;

/**
 * Reads `10.0.0.1=www.shop.example`.
 * @throws MerlonError MERLON_USAGE
 */
export function parseRewrite(text: string): HostRewrite {
  const [from = "", to = "", ...rest] = text.split("=");
  if (!NAME.test(from) || !NAME.test(to) || rest.length > 0) {
    throw usage(`--rewrite-host is "${showWord(text)}"`, "it takes two host names", "write --rewrite-host old=new");
  }
  return { from: Buffer.from(from, "latin1"), to: Buffer.from(to, "latin1") };
}

/**
 * Replaces a name in the request line, in all headers and in the body, whose Content-Length follows. A body in chunks
 * stays as it is: the sizes between its bytes would no longer be true.
 */
export function rewriteHost(raw: Buffer, { from, to }: HostRewrite): Buffer {
  if (raw.indexOf(from) < 0) return raw;
  const bodyAt = bodyStart(raw);
  const head = replaceAll(raw.subarray(0, bodyAt), from, to);
  const before = raw.subarray(bodyAt);
  if (/\ntransfer-encoding[ \t]*:[^\n]*chunked/i.test(raw.toString("latin1", 0, bodyAt)))
    return Buffer.concat([head, before]);
  const body = replaceAll(before, from, to);
  return Buffer.concat([body.length === before.length ? head : withLength(head, before.length, body.length), body]);
}

function bodyStart(raw: Buffer): number {
  const strict = raw.indexOf("\r\n\r\n");
  const loose = raw.indexOf("\n\n");
  if (strict >= 0 && (loose < 0 || strict < loose)) return strict + 4;
  return loose >= 0 ? loose + 2 : raw.length;
}

function replaceAll(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (let next = bytes.indexOf(from); next >= 0; next = bytes.indexOf(from, at)) {
    parts.push(bytes.subarray(at, next), to);
    at = next + from.length;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}

/** A length that was wrong before is left wrong in the same way. */
function withLength(head: Buffer, before: number, after: number): Buffer {
  const text = head.toString("latin1");
  const changed = text.replace(/(\ncontent-length[ \t]*:[ \t]*)(\d+)/i, (whole, field: string, digits: string) =>
    Number(digits) === before ? `${field}${after}` : whole,
  );
  return Buffer.from(changed, "latin1");
}
