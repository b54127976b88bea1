/** Attacks that the core catches, and requests that carry them: what the operators work on. */
import { PLACES, type PlaceName } from "../../fuzz/placement.ts";
import type { Engine } from "../../hosts/core/engine.ts";
import type { Message } from "../conformance/message.ts";

/** Places in which a value means the same, whatever it is an attack on. */
export const VALUE_PLACES: readonly PlaceName[] = ["query", "form", "json"];

/** One value with the place in which it was caught; strings hold one byte a character. */
export interface Attack {
  /** File or set that it is from. */
  readonly source: string;
  /** Merlon's code of the attack, by the core's first match. */
  readonly type: string;
  readonly stamps: readonly string[];
  readonly value: string;
  readonly where: PlaceName;
}

/** A request on its way to the core: as a message in one piece, or cut and framed in another way. */
export interface Mutant {
  readonly message: Message;
  /** Sizes of the chunks of a chunked body, used again and again; none for a body with a length. */
  readonly chunks?: readonly number[];
  /** Sizes of the pieces in which the raw request comes, used again and again. */
  readonly pieces?: readonly number[];
}

/** What the core says of a request. */
export interface Answer {
  readonly blocked: boolean;
  readonly anomalies: readonly string[];
  readonly limits: readonly string[];
  readonly type: string;
  readonly stamps: readonly string[];
}

const PEER = "203.0.113.9";

/** Shows a request to the core and reads its verdict. */
export function ask(engine: Engine, mutant: Mutant): Answer {
  const transaction = engine.begin(PEER, 0);
  try {
    for (const piece of cut(writeRaw(mutant), mutant.pieces)) transaction.raw(piece);
    transaction.end();
    const { wouldAction, failed, anomalies, limits, matches } = transaction.verdict();
    return {
      blocked: wouldAction === "block" && !failed,
      anomalies,
      limits,
      type: matches.find(({ severity }) => severity >= 4)?.type ?? "",
      stamps: matches.map(({ stamp }) => stamp),
    };
  } finally {
    transaction.free();
  }
}

/** Whether a value can be written in the place without being changed or ending the head. */
export function fits(where: PlaceName, value: string): boolean {
  if (!PLACES.includes(where)) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no field of a head holds these.
  return !["cookie", "header", "agent", "path", "target"].includes(where) || !/[\0-\x1f\x7f]/.test(value);
}

/** A message as HTTP/1.1. */
export function writeRaw({ message, chunks }: Mutant): Buffer {
  const { method, target, authority, fields, body } = message;
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${authority}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ];
  if (chunks !== undefined) head.push("Transfer-Encoding: chunked");
  else if (body.length > 0) head.push(`Content-Length: ${body.length}`);
  const start = Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1");
  if (chunks === undefined) return Buffer.concat([start, body]);
  const framed = [...cut(body, chunks)].flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([start, ...framed, Buffer.from("0\r\n\r\n")]);
}

function* cut(bytes: Buffer, sizes: readonly number[] = []): Generator<Buffer> {
  if (sizes.length === 0) {
    yield bytes;
    return;
  }
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
