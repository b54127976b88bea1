/**
 * Searches put together from conditions, in the long form of the search grammar (docs/search.md). The API reads every
 * search; what is made here is what a click means.
 */
import type { Answer } from "../../postanalytics/api/routes.ts";

/** A search as the API read it. */
export type SearchCheck = Answer<"checkSearch">;

/** Fields that a click makes a condition of. */
export const CLICKED_FIELDS = [
  ...["type", "ip", "point", "host", "path", "app", "country", "stamp", "node", "policy", "method", "action"],
] as const;
/** One of them. */
export type ClickedField = (typeof CLICKED_FIELDS)[number];

/** @returns the text as a literal of the grammar: quotes, backslashes and what cannot be seen are escaped */
export function literal(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** One condition: the field has the value, or has not. */
export function condition(field: ClickedField, value: string, isNegated = false): string {
  return `${field} ${isNegated ? "!=" : "=="} ${literal(value)}`;
}

/** All conditions together; empty for none. */
export function allOf(conditions: readonly string[]): string {
  return conditions.filter((one) => one !== "").join(" && ");
}

/**
 * A search with one condition more.
 * @param check how the API read the search; without it, the search is put in brackets whole
 */
export function withCondition(where: string, check: SearchCheck | null, added: string): string {
  if (where === "") return added;
  if (check === null || !check.valid) return `(${where}) && ${added}`;
  const present = check.chips.map(({ long }) => long);
  return present.includes(added) ? where : allOf([...present, added]);
}

/** A search with one of its chips less. */
export function withoutChip({ chips }: SearchCheck, index: number): string {
  return allOf(chips.filter((_, at) => at !== index).map(({ long }) => long));
}
