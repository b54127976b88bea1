/** What the core says about one request: verdict, matches and everything that it looked at, escaped for any reader. */
import type { Engine } from "../../core/engine.ts";
import type { Trace } from "../../core/trace.ts";
import type { Match, Verdict } from "../../core/verdict.ts";
import { showBytes } from "../text.ts";

const TARGET_CHARS_MAX = 300;
const ALL = Number.POSITIVE_INFINITY;

/** A request through the core, with its trace. */
export interface Inspected {
  readonly request: string;
  readonly bytes: number;
  readonly verdict: Verdict;
  readonly trace: Trace;
}

/** Shows a request to the core and keeps all that it says. */
export function inspect(engine: Engine, bytes: Buffer, peer: string): Inspected {
  let verdict: Verdict | undefined;
  const trace = engine.trace(() => {
    const transaction = engine.begin(peer, Math.floor(Date.now() / 1000));
    transaction.raw(bytes);
    transaction.end();
    verdict = transaction.verdict();
    transaction.free();
  });
  if (verdict === undefined) throw new Error("the trace ended without a verdict");
  const lineEnd = bytes.indexOf("\r\n");
  const line = bytes.subarray(0, lineEnd < 0 ? bytes.length : lineEnd);
  return { request: showBytes(line, TARGET_CHARS_MAX), bytes: bytes.length, verdict, trace };
}

/** The same for machines. Excerpts are escaped text and, byte for byte, base64. */
export function toJson(
  { request, bytes, verdict, trace }: Inspected,
  policy: string,
  notes: readonly string[],
): object {
  const { matches, ...rest } = verdict;
  return {
    request: { line: request, bytes },
    policy,
    verdict: rest,
    matches: matches.map(matchJson),
    inspected: trace.entries.map(({ excerpt, ...entry }) => ({ ...entry, ...excerptJson(excerpt) })),
    inspectedDropped: trace.dropped,
    notes,
  };
}

function matchJson({ layers, ...match }: Match): object {
  return { ...match, layers: layers.map(({ excerpt, ...layer }) => ({ ...layer, ...excerptJson(excerpt) })) };
}

function excerptJson(excerpt: Uint8Array): object {
  return { excerpt: showBytes(excerpt, ALL), excerptBase64: Buffer.from(excerpt).toString("base64") };
}
