/**
 * Searches put together from conditions, in the long form of the search grammar (docs/search.md). The API reads every
 * search; what is made here is what a click means.
 */
import type { Answer } from "../../postanalytics/api/routes.ts";
import type { GroupField } from "../../postanalytics/store/store.ts";

/** A search as the API read it. */
export type SearchCheck = Answer<"checkSearch">;

/** Fields that a click makes a condition of, each with its name in the grammar. */
const NAMES = {
  ...{ type: "type", stamp: "stamp", point: "parameter", host: "host", path: "path", template: "template" },
  ...{
    ip: "ip",
    country: "country",
    asn: "asn",
    app: "app",
    node: "node",
    policy: "policy",
    method: "method",
    action: "action",
  },
} as const;
/** One of them. */
export type ClickedField = keyof typeof NAMES;

/** What groups and statistics call a path is its template: what varies in it is replaced. */
export function clickedField(field: GroupField): ClickedField {
  return field === "path" ? "template" : field;
}

/** @returns the text as a literal of the grammar: quotes, backslashes and what cannot be seen are escaped */
export function literal(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** One condition: the field has the value, or has not; of a network, an address in it. */
export function condition(field: ClickedField, value: string, isNegated = false): string {
  if (field === "ip" && value.includes("/"))
    return `${isNegated ? "!(" : ""}ip in ${literal(value)}${isNegated ? ")" : ""}`;
  const written = field === "asn" ? String(Number(value)) : literal(value);
  return `${NAMES[field]} ${isNegated ? "!=" : "=="} ${written}`;
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
  // A search that is no row of conditions has no chips.
  if (check === null || !check.valid || check.chips.length === 0) return `(${where}) && ${added}`;
  const present = check.chips.map(({ long }) => long);
  return present.includes(added) ? where : allOf([...present, added]);
}

/** A search with one of its chips less. */
export function withoutChip({ chips }: SearchCheck, index: number): string {
  return allOf(chips.filter((_, at) => at !== index).map(({ long }) => long));
}
