/**
 * What is known of the expression being read, one frame a parenthesis: whether everything in it is constant, whether it
 * compares, whether it is a condition. A comparison of constants that an AND, OR, WHERE, HAVING or WHEN leads to is
 * decidable: no author writes one, every probe does.
 */

/** Parentheses inside parentheses that are followed; deeper, the reading ends. */
export const FRAMES_MAX: u32 = 64;

/** What holds of a frame, one bit each. */
export enum Frame {
  /** All operands of the current predicate are constant. */
  CONSTANT = 1,
  COMPARED = 2,
  /** The predicate has an operand. */
  FILLED = 4,
  /** The predicate stands right behind AND, OR, WHERE, HAVING or WHEN. */
  LOGICAL = 8,
  /** All operands of the whole frame are constant. */
  ALL_CONSTANT = 16,
  /** In the list of tables. */
  FROM = 32,
  /** In a query. */
  QUERY = 64,
  /** Its outcome is calculated with. */
  COUNTED = 128,
}

/** A condition that is a constant and nothing else. */
const WHOLE: u32 = Frame.LOGICAL | Frame.FILLED | Frame.CONSTANT;
const FRESH: u32 = Frame.CONSTANT | Frame.ALL_CONSTANT;

const frames: usize = memory.data(FRAMES_MAX * 4, 4);
let depth: u32 = 0;

/** The innermost frame's bits. */
export let frame: u32 = FRESH;
/** Whether a condition was led in so far. */
export let logical: bool = false;
/** A comparison that depends on rows was met in a condition. */
export let conditioned: bool = false;
/** A constant that is no comparison was met as a whole condition: `or 1`. */
export let truth: bool = false;

/** Whether more than one was met. */
export let truths: bool = false;

/** Whether the last predicate to end was one. */
export let truthLast: bool = false;
/** Whether the last predicate to end compared constants, in a condition or not. */
export let decidable: bool = false;

/** Forgets everything. */
export function predicateBegin(): void {
  depth = 0;
  frame = FRESH;
  logical = false;
  conditioned = false;
  truth = false;
  truths = false;
  decidable = false;
  truthLast = false;
}

/** Adds an operand to the current predicate. */
export function operand(constant: bool): void {
  frame |= Frame.FILLED;
  if (!constant) frame &= ~(Frame.CONSTANT | Frame.ALL_CONSTANT);
}

/** The operand just read equals the one it is compared with: the comparison is decided. */
export function operandRepeats(): void {
  frame |= Frame.FILLED | Frame.CONSTANT;
}

/** The current predicate compares. */
export function compare(): void {
  frame |= Frame.COMPARED;
}

/** Sets or clears bits of the innermost frame. */
export function setFrame(bits: u32): void {
  frame |= bits;
}

/** See `setFrame`. */
export function clearFrame(bits: u32): void {
  frame &= ~bits;
}

/** Ends the current predicate. @returns whether it was a decidable condition */
export function finish(): bool {
  let decided = false;
  if (frame & Frame.FILLED) decidable = false;
  truthLast = false;
  if (frame & Frame.COMPARED) {
    decidable = (frame & Frame.CONSTANT) != 0;
    if (logical) {
      if (frame & Frame.CONSTANT) decided = true;
      else conditioned = true;
    }
  } else if ((frame & WHOLE) == WHOLE) {
    truths = truth;
    truth = true;
    truthLast = true;
  }
  frame = (frame & ~(Frame.COMPARED | Frame.FILLED | Frame.LOGICAL)) | Frame.CONSTANT;
  return decided;
}

/** From here on a condition is read. */
export function lead(): void {
  logical = true;
  frame |= Frame.LOGICAL;
}

/** From here on comparisons count although no AND or OR leads to them: the first argument of `if(`. */
export function expectCondition(): void {
  logical = true;
}

/** A condition that is one without comparison: EXISTS. */
export function condition(): void {
  if (logical) conditioned = true;
}

/** A condition that is one wherever it stands: CASE. */
export function conditionAnywhere(): void {
  conditioned = true;
}

/** Opens a parenthesis. @returns false if there are too many */
export function open(): bool {
  if (depth == FRAMES_MAX) return false;
  store<u32>(frames + ((<usize>depth) << 2), frame);
  depth++;
  frame = FRESH;
  return true;
}

/** Closes a parenthesis after `finish`; its content becomes an operand. One too many closes the author's. */
export function close(): void {
  const constant = (frame & Frame.ALL_CONSTANT) != 0;
  if (!depth) {
    frame = FRESH;
    return;
  }
  depth--;
  frame = load<u32>(frames + ((<usize>depth) << 2));
  operand(constant);
}

/** Parentheses open that the value opened itself. */
export function openCount(): u32 {
  return depth;
}
