/**
 * What a scoped object applies to: host, method and path template, as people write it, and the order in which scopes
 * that fit the same request count. The core matches them by the tables of routes.ts.
 */
import { z } from "zod";

/** Segments of the longest template, PATH_SEGMENTS_MAX of assembly/abi/limits.ts: the core looks at no more. */
export const TEMPLATE_SEGMENTS_MAX = 32;
const PATH_BYTES_MAX = 2048;

/** How a template goes on behind its segments: not at all, with anything or nothing, with one segment at least. */
export type TemplateEnd = "exact" | "below" | "inside";

/** A path template. Segments hold one byte a character, percent escapes undone; `null` is a `*`. */
export interface Template {
  readonly segments: readonly (string | null)[];
  readonly end: TemplateEnd;
}

/** A scope: what is left out fits everything. */
export interface Match {
  /** Lower case; `*.` in front takes the names below. */
  readonly host?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: Template | undefined;
}

/** RFC 9110 §5.6.2; methods are case-sensitive, so `post` would never match. */
export const methodSchema = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/, "is no HTTP method; write one such as POST")
  .refine((name) => name === name.toUpperCase(), "is in lower case, but methods are compared exactly; write POST");

/** A path as requests have it, without wildcards. */
export const pathSchema = z
  .string()
  .startsWith("/", "does not begin with a slash; write it as the request does, such as /admin")
  .regex(/^[!-~]*$/, "holds bytes that no request has in its path; write them in percent encoding such as %20")
  .refine((text) => !/[?#]/.test(text), "holds a query or a fragment; write the path alone")
  .refine((text) => Buffer.byteLength(text) <= PATH_BYTES_MAX, `is longer than ${PATH_BYTES_MAX} bytes; shorten it`);

/** A host of a scope: a name, or `*.` and what lies below. */
export const hostSchema = z
  .string()
  .transform((name) => name.toLowerCase())
  .refine((name) => !/:\d+$/.test(name), "has a port, but scopes are for names; leave the port out")
  .refine(
    (name) => name.length <= 253 && /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$|^\[[0-9a-f:.]+\]$/.test(name),
    "is no host; write a name such as shop.example, or *.shop.example for the names below it",
  );

const templateSchema = pathSchema.transform((text, context): Template => {
  const template = parseTemplate(text);
  if (typeof template !== "string") return template;
  context.addIssue(template);
  return z.NEVER;
});

/** `match` of every scoped object. */
export const matchSchema = z.strictObject({
  host: hostSchema.optional(),
  method: methodSchema.optional(),
  path: templateSchema.optional(),
});

/** Undoes percent escapes; what is malformed stands for itself, as in the core. */
function decoded(segment: string): string {
  return segment.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * Reads a template: literal segments, `*` for one segment that is not empty, and `**` at the end for whatever follows.
 * `/a/**` takes `/a` too.
 * @returns the template, or what is wrong with it as the end of a sentence
 */
export function parseTemplate(text: string): Template | string {
  const written = text.split("/").slice(1);
  const below = written.at(-1) === "**";
  const kept = below ? written.slice(0, -1) : written;
  if (kept.length > TEMPLATE_SEGMENTS_MAX) return `has more than ${TEMPLATE_SEGMENTS_MAX} segments; end it with /**`;
  if (kept.includes("**")) return "has ** before its end; ** stands for all that follows, write * for one segment";
  const partial = kept.find((segment) => segment !== "*" && segment.includes("*"));
  if (partial !== undefined) return "has * as part of a segment; * stands for a whole one, as in /articles/*/edit";
  const segments = kept.map((segment) => (segment === "*" ? null : decoded(segment)));
  if (segments.some((segment) => segment === "." || segment === "..")) {
    return "has a . or .. segment, which is undone before paths are compared; write the path that it leads to";
  }
  if (!below) return { segments, end: "exact" };
  // `/**` is every path; one that is no path at all, such as the * of OPTIONS, is not among them.
  return { segments, end: segments.length === 0 ? "inside" : "below" };
}

/** A plain path and what lies below it, as rules of the console mean it: behind a last slash something must follow. */
export function prefixTemplate(path: string): Template {
  const segments = path.split("/").slice(1).map(decoded);
  return segments.at(-1) === "" ? { segments: segments.slice(0, -1), end: "inside" } : { segments, end: "below" };
}

const END_RANKS: Readonly<Record<TemplateEnd, number>> = { below: 1, inside: 2, exact: 3 };
const ANY_SEGMENT_RANK = 4;
const SEGMENT_RANK = 5;

/** Numbers that compare like scopes, for those that can fit one request: first host, then path, then method. */
function rankOf({ host, method, path }: Match): number[] {
  const labels = host?.split(".").length ?? 0;
  const hostRank = host === undefined ? 0 : host.startsWith("*.") ? labels : 1000;
  const steps = path?.segments.map((segment) => (segment === null ? ANY_SEGMENT_RANK : SEGMENT_RANK)) ?? [];
  return [hostRank, ...steps, END_RANKS[path?.end ?? "below"], method === undefined ? 0 : 1];
}

const TEXTS = new WeakMap<Match, string>();

/** A scope as text: equal for equal scopes. */
export function matchText(match: Match): string {
  const known = TEXTS.get(match) ?? textOf(match);
  TEXTS.set(match, known);
  return known;
}

function textOf({ host = "", method = "", path }: Match): string {
  const shown = path?.segments
    .map((segment) => (segment === null ? "*" : encodeURIComponent(segment).replaceAll("*", "%2A")))
    .join("/");
  return [method, host, path === undefined ? "" : `/${shown}:${path.end}`].join(" ");
}

/** Orders different scopes from the widest to the closest. */
export function sortMatches(matches: readonly Match[]): Match[] {
  const ranked = matches.map((match) => ({ match, rank: rankOf(match), text: matchText(match) }));
  ranked.sort((a, b) => compareRanks(a.rank, b.rank) || (a.text < b.text ? -1 : 1));
  return ranked.map(({ match }) => match);
}

function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
