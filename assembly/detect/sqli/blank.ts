/** What separates tokens without being white space, and what may follow there. */
import { SqlWord } from "../../tables/words.gen";

/** Known words have smaller numbers, all other tokens larger ones. */
const KINDS_MAX: u32 = 64;

/**
 * Whether a `+` behind a token of this kind stands for a blank, as in a form encoded once more than decoded: behind a
 * word that joins or leads, where it could only be the sign of a number.
 */
export function isPlusBlank(before: u32): bool {
  switch (before) {
    case SqlWord.CONSTANT:
    case SqlWord.END:
    case SqlWord.SUFFIX:
    case SqlWord.OBJECT:
    case SqlWord.SYSTEM:
    case SqlWord.EFFECT:
    case SqlWord.PACKAGE:
    case SqlWord.PROGRAM:
    case SqlWord.DELAY:
      return false;
    default:
      return before < KINDS_MAX;
  }
}

/** What may stand right behind the word of a brace: a blank, a quote, a parenthesis, a sign, a variable, a comment. */
export function mayFollowBraced(c: u32): bool {
  switch (c) {
    case 0x22:
    case 0x23:
    case 0x27:
    case 0x28:
    case 0x60:
    case 0x7b:
    case 0x2b:
    case 0x2d:
    case 0x2f:
    case 0x40:
    case 0x7e:
      return true;
    default:
      return c <= 32;
  }
}
