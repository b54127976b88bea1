/** Matches of the core as hits of a record: one for each type at each point, whichever signatures saw it. */
import type { Layer, Match } from "../core/verdict.ts";
import { EXCERPT_BYTES, type Hit } from "./record.ts";
import { cutText, safeText } from "./safe-text.ts";

const STAMPS_MAX = 16;
const NAMES_MAX = 32;
const NAME_CHARS = 256;
const POINT_CHARS = 1024;
const PAYLOAD_CHARS = 2048;
const REASON_CHARS = 512;

/** The names of a point in dotted form; a dot inside a name is escaped. */
export function namesOf(point: string): string[] {
  const names = point.match(/(?:[^.\\]|\\.?)+/gs) ?? [];
  return names.slice(0, NAMES_MAX).map((name) => cutText(name, NAME_CHARS));
}

/** Numbers in the stamps of known attacks: `vpatch-cve-2021-3129`. */
function cvesOf(stamps: readonly string[]): string[] {
  return stamps.flatMap((stamp) => {
    const [, year, number] = /(?:^|-)cve-(\d{4})-(\d{4,7})$/.exec(stamp) ?? [];
    return year === undefined ? [] : [`CVE-${year}-${number}`];
  });
}

function layerOf({ as, span, excerpt, excerptAt }: Layer): Hit["layers"][number] {
  const bytes = Buffer.from(excerpt.subarray(0, EXCERPT_BYTES * 2));
  return { as, span: [span[0], span[1]], excerpt_b64: bytes.toString("base64"), excerpt_at: excerptAt };
}

/** The bytes of a match in a layer, as far as the excerpt has them. */
export function spanBytes({ span, excerpt, excerptAt }: Layer): Uint8Array {
  return excerpt.subarray(Math.max(0, span[0] - excerptAt), Math.max(0, span[1] - excerptAt));
}

/** How much a match says against its request: the hit takes its words from the one that says most. */
function weight({ counts, exception, severity }: Match): number {
  return (counts ? 20 : exception > 0 ? 0 : 10) + severity;
}

function hitOf(matches: readonly Match[], exceptions: readonly string[]): Hit {
  const [first, ...others] = matches;
  if (first === undefined) throw new RangeError("a hit needs a match");
  const chief = others.reduce((best, match) => (weight(match) > weight(best) ? match : best), first);
  const stamps = [...new Set(matches.map(({ stamp }) => stamp))].slice(0, STAMPS_MAX);
  const last = chief.layers.at(-1);
  const exception = exceptions[chief.exception - 1] ?? null;
  return {
    type: chief.type,
    stamps,
    cwe: [...new Set(matches.flatMap(({ cwe }) => cwe))].slice(0, STAMPS_MAX),
    cve: cvesOf(stamps),
    severity: Math.max(...matches.map(({ severity }) => severity)),
    point: namesOf(chief.point),
    point_s: cutText(chief.point, POINT_CHARS),
    reason: cutText(chief.reason, REASON_CHARS),
    layers: chief.layers.map(layerOf),
    payload: last === undefined ? "" : safeText(spanBytes(last), PAYLOAD_CHARS),
    decision: chief.counts ? "would_block" : chief.exception > 0 ? "excepted" : "counted",
    exception: chief.counts ? null : exception,
  };
}

/**
 * @param exceptions names of the policy's exceptions, in the order of their numbers
 * @returns the hits, in the order of their first matches
 */
export function hitsOf(matches: readonly Match[], exceptions: readonly string[]): Hit[] {
  const groups = new Map<string, Match[]>();
  for (const match of matches) {
    const key = `${match.type} ${match.point}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [match]);
    else group.push(match);
  }
  return [...groups.values()].map((group) => hitOf(group, exceptions));
}
