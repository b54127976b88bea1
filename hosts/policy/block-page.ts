/** The pages of a policy, in the order in which images and results number them: the first is that of all requests. */
import type { BlockPage } from "../core/host-policy.ts";
import type { Policy } from "./schema.ts";

/** Pages by their numbers. */
export interface Pages {
  readonly all: readonly BlockPage[];
  /** @returns the number of a page; undefined where there is none */
  indexOf(page: BlockPage | undefined): number | undefined;
}

/** @returns the pages of a policy, equal ones once */
export function pagesOf(policy: Policy): Pages {
  const numbers = new Map<string, number>();
  const all: BlockPage[] = [];
  for (const page of [policy.blockPage, ...(policy.scopes ?? []).map(({ blockPage }) => blockPage)]) {
    if (page === undefined || numbers.has(JSON.stringify(page))) continue;
    numbers.set(JSON.stringify(page), all.length);
    all.push(page);
  }
  return { all, indexOf: (page) => (page === undefined ? page : numbers.get(JSON.stringify(page))) };
}
