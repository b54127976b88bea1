/** From what a caller asks for to a search of the store: the window it means, and no application that is not theirs. */
import type { Identity } from "../access/identity.ts";
import type { Search, Window } from "../store/store.ts";
import { Problem } from "./problem.ts";
import { WINDOW_MS_DEFAULT } from "./schema.ts";

/** A window as a query has it, milliseconds since 1970. */
export interface AskedWindow {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** @returns the window; the last day where nothing is said; @throws Problem INVALID where it ends before it begins */
export function windowOf({ from, to }: AskedWindow, now: number): Window {
  // What arrives in this very millisecond belongs to it.
  const end = to ?? now + 1;
  const begin = from ?? end - WINDOW_MS_DEFAULT;
  if (begin < end) return { from: begin, to: end };
  throw new Problem("INVALID", "query.from is not before query.to — swap them", { field: "query.from" });
}

/** @returns the search of a caller */
export function searchOf(
  query: AskedWindow & { readonly where: string },
  { tenants }: Pick<Identity, "tenants">,
  now: number,
): Search {
  return { window: windowOf(query, now), where: query.where, tenants };
}

/** @returns everything in a window that a caller may see */
export function previewSearch(window: Window, { tenants }: Pick<Identity, "tenants">): Search {
  return { window, where: "", tenants };
}
