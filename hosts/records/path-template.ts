/**
 * Paths with what varies replaced by `{id}`, so that requests to one route are seen as such: `/api/articles/17` and
 * `/api/articles/18` are `/api/articles/{id}`. A guess by shape alone, the same everywhere.
 */

const SEGMENTS_MAX = 32;
const SEGMENT_CHARS_MAX = 128;

/** A segment that names one thing of many. */
const VARIES: readonly RegExp[] = [
  // Numbers, amounts, dates, addresses.
  /^[+-]?\d+(?:[.,:T-]\d+)*Z?$/,
  /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  // Hashes and object ids; words made of these letters alone are shorter.
  /^(?:0x)?[0-9a-f]{16,}$/i,
  /^[^@]+@[^@]+\.[^@.]+$/,
  // Masked by the core.
  /^\*+$/,
];
/** A word that holds letters and digits and is longer than words are: ULIDs, tokens, base64. */
const TOKEN = /(?=[A-Za-z+=~]*\d)(?=[\d+=~]*[A-Za-z])[A-Za-z0-9+=~]{20,}/;

function isVariable(segment: string): boolean {
  return VARIES.some((shape) => shape.test(segment)) || TOKEN.test(segment);
}

/**
 * @param path without the query
 * @returns its template; segments beyond a bound are one `{rest}`
 */
export function pathTemplate(path: string): string {
  const segments = path.split("/", SEGMENTS_MAX + 2);
  const shown = segments.slice(0, SEGMENTS_MAX + 1).map((segment) => {
    return segment.length > SEGMENT_CHARS_MAX || isVariable(segment) ? "{id}" : segment;
  });
  return segments.length > shown.length ? `${shown.join("/")}/{rest}` : shown.join("/");
}
