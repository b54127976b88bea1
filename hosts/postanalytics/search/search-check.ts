/** A search as the console shows it while it is typed: its long form and its chips, or what is wrong with it. */
import { longOf, shortOf } from "./chip.ts";
import { fieldOf } from "./fields.ts";
import { readSearch } from "./search.ts";
import { SearchFault } from "./search-fault.ts";

/** What became of a text. */
export interface SearchCheck {
  readonly valid: boolean;
  /** Empty for an empty search, and where it cannot be read. */
  readonly long: string;
  /** One for each condition; none where chips cannot say it. */
  readonly chips: { text: string; long: string; negated: boolean }[];
  readonly problem: { message: string; at: number } | null;
}

/** Reads a search in either form; never throws for what it holds. */
export function checkSearch(text: string): SearchCheck {
  try {
    const { long, chips } = readSearch(text);
    const shown = (chips ?? []).map((chip) => {
      return { text: shortOf(chip), long: longOf(chip, fieldOf(chip.field)), negated: chip.not };
    });
    return { valid: true, long, chips: shown, problem: null };
  } catch (error) {
    if (!(error instanceof SearchFault)) throw error;
    return { valid: false, long: "", chips: [], problem: { message: error.message, at: Math.max(0, error.at) } };
  }
}
