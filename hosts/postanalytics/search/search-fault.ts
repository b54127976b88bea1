/** Errors of searches: each names the column, what was met and what to write. */
import { MerlonError } from "../../core/error.ts";

/** A search that is not taken. */
export class SearchFault extends MerlonError {
  /** Characters in front of the place. */
  readonly at: number;

  /** @param message what is wrong, why and the fix, without the place */
  constructor(at: number, message: string, options?: { cause?: unknown }) {
    super("MERLON_SEARCH", `column ${at + 1}: ${message}`, options);
    this.at = at;
  }
}
