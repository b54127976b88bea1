/** Errors of expressions: all of them name a column, and what to write instead. */
import { MerlonError } from "../../core/error.ts";

/** An expression that is not taken. */
export class ExpressionFault extends MerlonError {
  /** Characters in front of the place in the text. */
  readonly at: number;

  /** @param message what is wrong, why and the fix, without the place */
  constructor(text: string, at: number, message: string) {
    super("MERLON_EXPRESSION", `${placeText(text, at)}: ${message}`);
    this.at = at;
  }
}

/** @returns `column 5`, or `line 2, column 5` in a text of several lines; columns count characters from 1 on */
export function placeText(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  const column = `column ${[...(before.at(-1) ?? "")].length + 1}`;
  return text.trimEnd().includes("\n") ? `line ${before.length}, ${column}` : column;
}
