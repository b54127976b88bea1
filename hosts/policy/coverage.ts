/**
 * What an exception covers, told from a record: for lists, previews and counts. The core decides on live requests by
 * tables of its own (assembly/policy/route.ts, exception.ts); test/hosts/policy/coverage.test.ts holds the two
 * together.
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

/** Whether a scope fits a request. Only one without any limit fits a path that servers read in two ways. */
export function fitsRequest({ method, host, path }: Match, place: RequestPlace): boolean {
  if (method === undefined && host === undefined && path === undefined) return true;
  const segments = clearSegments(place.path);
  if (segments === null) return false;
  if (method !== undefined && method !== place.method) return false;
  if (host !== undefined && !fitsHost(host, place.host.toLowerCase().replace(/:\d+$/, ""))) return false;
  return path === undefined || fitsPath(path, segments);
}

function fitsHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

function decoded(segment: string): string {
  return segment.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** @returns the path's segments, or null where servers do not agree which they are; see assembly/policy/path.ts */
function clearSegments(path: string): readonly string[] | null {
  if (!path.startsWith("/") || /\\|%(?:2f|5c|00)/i.test(path)) return null;
  const segments = path.slice(1).split("/").map(decoded);
  const last = segments.length - 1;
  const isUnclear = segments.some((one, at) => (one === "" && at !== last) || one === "." || one === "..");
  return isUnclear ? null : segments;
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
