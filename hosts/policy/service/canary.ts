/** Which hosts try a policy first: a few by number or share, or those that an operator names. */
import { createHash } from "node:crypto";

/** Names that one choice may have. */
const NAMES_MAX = 64;
const PERCENT_MAX = 50;
const COUNT_MAX = 1000;

/** Whom to choose. */
export type CanaryChoice =
  | { readonly count: number }
  | { readonly percent: number }
  /** Of nodes, each with all its instances, or of instances. */
  | { readonly names: readonly string[] };

/** One that may be chosen. */
export interface Candidate {
  readonly node: string;
  readonly instance: string;
}

/** @returns a choice as people write it, `1`, `10%` or `shop-1,shop-2`; a word on what it takes where it is none */
export function parseCanaries(text: string): CanaryChoice | string {
  const [, digits = "", percent = ""] = /^(\d{1,4})(%?)$/.exec(text) ?? [];
  const value = Number(digits);
  if (digits !== "" && percent === "%") {
    return value >= 1 && value <= PERCENT_MAX ? { percent: value } : `it takes 1% to ${PERCENT_MAX}%`;
  }
  if (digits !== "") return value >= 1 && value <= COUNT_MAX ? { count: value } : `it takes 1 to ${COUNT_MAX}`;
  const names = text.split(",");
  const areNames = names.every((name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name));
  return areNames && names.length <= NAMES_MAX
    ? { names }
    : "it takes a number, a share such as 10%, or names of nodes with commas between";
}

/** What tells an instance from all others. */
export function keyOf({ node, instance }: Candidate): string {
  return `${node} ${instance}`;
}

/**
 * Chooses among hosts. By number or share at least one is chosen, others each time, and one is always left to compare
 * with where there are two.
 * @param seed what the choice is for: the same seed and hosts give the same choice
 * @returns their keys
 */
export function chooseCanaries(hosts: readonly Candidate[], choice: CanaryChoice, seed: string): ReadonlySet<string> {
  if ("names" in choice) {
    const chosen = hosts.filter(({ node, instance }) => [node, instance].some((name) => choice.names.includes(name)));
    return new Set(chosen.map(keyOf));
  }
  const wanted = "count" in choice ? choice.count : Math.ceil((hosts.length * choice.percent) / 100);
  const most = Math.max(1, hosts.length - 1);
  const rank = (key: string): string => createHash("sha256").update(`${seed} ${key}`).digest("hex");
  const ranked = hosts.map(keyOf).map((key) => ({ key, rank: rank(key) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return new Set(ranked.slice(0, Math.min(wanted, most)).map(({ key }) => key));
}
