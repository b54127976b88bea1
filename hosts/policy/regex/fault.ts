/** What is wrong with a pattern, and where: the caller says in which file or expression the pattern stands. */

/** A pattern that is not taken. The message is the end of a sentence: what, why and the fix. */
export class PatternFault extends Error {
  /** Characters in front of the place in the pattern. */
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.name = "PatternFault";
    this.at = at;
  }
}
