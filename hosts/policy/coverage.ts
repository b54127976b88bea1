/**
 * What an exception covers, told from a record: for lists, previews and counts. The core decides on live requests by
 * tables of its own (assembly/policy/route.ts, exception.ts); test/hosts/policy/coverage.test.ts holds the two together.
 */
import type { Exception } from "./exception.ts";
import type { Match, Template } from "./match.ts";

/** Where a request went, as a record has it. */
export interface RequestPlace {
  readonly method: string;
  readonly host: string;
  /** As it was sent, without the query. */
  readonly path: string;
}

/** What was found at one point, as a record has it. */
export interface Finding {
  readonly type: string;
  readonly stamps: readonly string[];
  /** Dotted name of the point. */
  readonly point: string;
}

/** Whether a scope fits a request. Of a path that servers read in two ways, both readings must fit. */
export function fitsRequest({ method, host, path }: Match, place: RequestPlace): boolean {
  if (method !== undefined && method !== place.method) return false;
  if (host !== undefined && !fitsHost(host, place.host.toLowerCase().replace(/:\d+$/, ""))) return false;
  if (path === undefined) return true;
  if (!place.path.startsWith("/")) return false;
  const standing = place.path.slice(1).split("/").map(decoded);
  return fitsPath(path, standing) && fitsPath(path, resolved(place.path));
}

function fitsHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

function decoded(segment: string): string {
  return segment.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** What remains when every slash divides, empty segments and `.` are dropped and `..` climbs (RFC 3986 §5.2.4). */
function resolved(path: string): string[] {
  const all = decoded(path).replaceAll("\\", "/").split("/").slice(1);
  const kept: string[] = [];
  for (const segment of all) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const last = all.at(-1);
  // A slash at the end is no empty segment that somebody drops: /a/ is not /a.
  return last === "" || last === "." || last === ".." ? [...kept, ""] : kept;
}

function fitsPath({ segments, end }: Template, path: readonly string[]): boolean {
  if (path.length < segments.length) return false;
  if (segments.some((segment, at) => (segment === null ? path[at] === "" : segment !== path[at]))) return false;
  if (end === "exact") return path.length === segments.length;
  return end === "below" || path.length > segments.length;
}

/** Segments of a point's name; a dot behind a backslash divides nothing. */
function pointSegments(point: string): string[] {
  return point.match(/(?:\\.|[^.\\])+|(?<=\.)(?=\.|$)|^(?=\.|$)/gs) ?? [];
}

/** Whether a point's name fits a pattern: `*` is any segment, and one `**` any number of them. */
export function fitsPoint(pattern: string, point: string): boolean {
  const wanted = pointSegments(pattern);
  const there = pointSegments(point);
  const stars = wanted.indexOf("**");
  const fits = (from: number, to: number, offset: number): boolean => {
    for (let at = from; at < to; at++) {
      const segment = wanted[at];
      if (segment !== "*" && segment !== there[at + offset]) return false;
    }
    return true;
  };
  if (stars < 0) return wanted.length === there.length && fits(0, wanted.length, 0);
  if (there.length < wanted.length - 1) return false;
  return fits(0, stars, 0) && fits(stars + 1, wanted.length, there.length - wanted.length);
}

/** @returns the stamps of a finding that an exception takes out of the count; dates apart */
export function ignoredStamps(
  { match, point, ignore }: Pick<Exception, "match" | "point" | "ignore">,
  finding: Finding,
  place: RequestPlace,
): readonly string[] {
  if (point !== undefined && !fitsPoint(point, finding.point)) return [];
  const { all, types, stamps } = ignore;
  const ignored =
    all || types.includes(finding.type) ? finding.stamps : finding.stamps.filter((one) => stamps.includes(one));
  return ignored.length > 0 && fitsRequest(match, place) ? ignored : [];
}

/** @returns a template as people write it */
export function templateText({ segments, end }: Template): string {
  const written = segments.map((segment) => (segment === null ? "*" : escaped(segment)));
  return `/${[...written, ...(end === "exact" ? [] : ["**"])].join("/")}`;
}

/** What no request has in a segment is percent-encoded, and so is what a template would take for more. */
function escaped(segment: string): string {
  return segment.replace(
    /[^!-~]|[%*?#/]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`,
  );
}
