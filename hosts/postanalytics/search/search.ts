/**
 * Searches: one text in either form, what it means, and how the other form says it. The short form is what people type,
 * the long one what rules and alerts have too; both become the same tree and the same SQL.
 */

import { compileExpression, ExpressionFault, type Node } from "../../policy/expression/expression.ts";
import { type Chip, longOf, shortOf } from "./chip.ts";
import { chipsOf } from "./chips-of.ts";
import { fieldOf, SEARCH_SCHEMA } from "./fields.ts";
import { SearchFault } from "./search-fault.ts";
import { readShortForm } from "./short-form.ts";

/** Characters of the longest search. */
export const SEARCH_CHARS_MAX = 4096;

/** A search that was understood. */
export interface ParsedSearch {
  readonly form: "empty" | "short" | "long";
  /** As an expression; "" for everything. */
  readonly long: string;
  /** In the short form; null where that cannot say it. */
  readonly short: string | null;
  /** Null where chips cannot say it. */
  readonly chips: readonly Chip[] | null;
  /** Null for everything. */
  readonly ast: Node | null;
}

/** Outside of quotes: what only expressions have. */
const LONG = /==|!=|&&|\|\||\bin\b\s*["[]|\w\s*\(|\w\s+[<>]=?\s|^[\s!]*\(|^\s*(?:true|false)\s*$/;

/**
 * Reads a search in either form.
 * @throws SearchFault MERLON_SEARCH with the column, what was met and what to write
 */
export function readSearch(text: string): ParsedSearch {
  if (text.length > SEARCH_CHARS_MAX) {
    throw new SearchFault(SEARCH_CHARS_MAX, `the search has ${text.length} characters — ${SEARCH_CHARS_MAX} are taken`);
  }
  if (text.trim() === "") return { form: "empty", long: "", short: "", chips: [], ast: null };
  const unquoted = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return LONG.test(unquoted) ? readLong(text) : searchOfChips(readShortForm(text));
}

/** @returns the search that these chips are */
export function searchOfChips(chips: readonly Chip[]): ParsedSearch {
  if (chips.length === 0) return { form: "empty", long: "", short: "", chips: [], ast: null };
  const long = chips.map((chip) => longOf(chip, fieldOf(chip.field))).join(" && ");
  const short = chips.map(shortOf).join(" ");
  return { form: "short", long, short, chips, ast: compile(long) };
}

function readLong(text: string): ParsedSearch {
  const ast = compile(text);
  const chips = chipsOf(ast);
  return { form: "long", long: text.trim(), short: chips === null ? null : chips.map(shortOf).join(" "), chips, ast };
}

function compile(text: string): Node {
  try {
    return compileExpression(text, SEARCH_SCHEMA).ast;
  } catch (cause) {
    if (!(cause instanceof ExpressionFault)) throw cause;
    throw new SearchFault(cause.at, cause.message.replace(/^(?:line \d+, )?column \d+: /, ""), { cause });
  }
}
