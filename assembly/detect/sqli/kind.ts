/** What tokens of SQL are: signs, literals and names; the words that the grammar knows have numbers of their own. */

/** Kinds of tokens that are no known word; known words have the numbers of `SqlWord`, all below 64. */
export enum Token {
  END = 64,
  NUMBER = 65,
  STRING = 66,
  NAME = 67,
  VARIABLE = 68,
  SYSTEM_VARIABLE = 69,
  OPEN = 70,
  CLOSE = 71,
  COMMA = 72,
  DOT = 73,
  SEMICOLON = 74,
  STAR = 75,
  COMPARE = 76,
  /** `+` and `-`, which may also stand before an operand. */
  SIGN = 77,
  ARITHMETIC = 78,
  TILDE = 79,
  /** A comment that swallows everything to the end. */
  TRUNCATE = 80,
  BRACKET_CLOSE = 81,
  BAD = 82,
}
