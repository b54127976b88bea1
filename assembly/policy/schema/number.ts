/**
 * Numbers of JSON (RFC 8259 §6), read a byte at a time and compared as decimals, never as floats: a number has its
 * first 19 digits, whether more follow that are not zero, and the powers of ten of its first and its last digit.
 */
import { isDigit } from "../../bytes/ascii";
import { zeroBytes } from "../../bytes/guard";
import { Bound, NumberCase } from "./rows";

enum Step {
  SIGN = 0,
  /** A zero in front, after which no digit may come. */
  ZERO = 1,
  WHOLE = 2,
  POINT = 3,
  FRACTION = 4,
  EXPONENT = 5,
  EXPONENT_SIGN = 6,
  EXPONENT_DIGITS = 7,
}

/** Digits that are kept: all that bounds have. */
const DIGITS: u32 = 19;
/** Exponents beyond are all the same: no bound and no body has so many digits. */
const EXPONENT_MAX: i32 = 100000000;

/** Where the reader of a number stands. */
@unmanaged
export class NumberState {
  step: u32;
  negative: u32;
  digits: u64;
  /** Digits kept, and of those behind whether one is not zero. */
  kept: u32;
  more: u32;
  /** Digits since the first that is not zero, and the number of the last one that is not. */
  count: i32;
  last: i32;
  /** Power of ten of the first digit. */
  first: i32;
  exponent: i32;
  exponentNegative: u32;
}

/** Starts on a number. */
export function numberBegin(state: NumberState): void {
  zeroBytes(changetype<usize>(state), offsetof<NumberState>());
}

function addDigit(state: NumberState, digit: u32): void {
  if (!state.count && !digit) {
    /* Zeros in front move the first digit of a fraction. */
    if (state.step == <u32>Step.FRACTION) state.first--;
    return;
  }
  if (state.kept < DIGITS) {
    state.digits = state.digits * 10 + <u64>digit;
    state.kept++;
  } else if (digit) state.more = 1;
  if (!state.count && state.step == <u32>Step.FRACTION) state.first--;
  else if (state.count && state.step != <u32>Step.FRACTION) state.first++;
  state.count++;
  if (digit) state.last = state.count;
}

/** Reads the next byte of a number. @returns false where no number goes on so */
export function numberFeed(state: NumberState, c: u32): bool {
  const digit = isDigit(c);
  switch (state.step) {
    case Step.SIGN:
      if (c == 0x2d && !state.negative) {
        state.negative = 1;
        return true;
      }
      if (!digit) return false;
      state.step = c == 0x30 ? <u32>Step.ZERO : <u32>Step.WHOLE;
      addDigit(state, c - 0x30);
      return true;
    case Step.ZERO:
    case Step.WHOLE:
      if (digit) {
        addDigit(state, c - 0x30);
        return state.step == <u32>Step.WHOLE;
      }
      if (c == 0x2e) state.step = <u32>Step.POINT;
      else if ((c | 32) == 0x65) state.step = <u32>Step.EXPONENT;
      return c == 0x2e || (c | 32) == 0x65;
    case Step.POINT:
    case Step.FRACTION:
      if (digit) {
        state.step = <u32>Step.FRACTION;
        addDigit(state, c - 0x30);
        return true;
      }
      if (state.step == <u32>Step.POINT || (c | 32) != 0x65) return false;
      state.step = <u32>Step.EXPONENT;
      return true;
    default:
      return feedExponent(state, c);
  }
}

function feedExponent(state: NumberState, c: u32): bool {
  if (state.step == <u32>Step.EXPONENT && (c == 0x2b || c == 0x2d)) {
    state.exponentNegative = c == 0x2d ? 1 : 0;
    state.step = <u32>Step.EXPONENT_SIGN;
    return true;
  }
  if (!isDigit(c)) return false;
  state.step = <u32>Step.EXPONENT_DIGITS;
  state.exponent = state.exponent * 10 + <i32>(c - 0x30);
  if (state.exponent > EXPONENT_MAX) state.exponent = EXPONENT_MAX;
  return true;
}

/** Whether the number may end here. */
export function numberIsWhole(state: NumberState): bool {
  const step = state.step;
  return (
    step == <u32>Step.ZERO || step == <u32>Step.WHOLE || step == <u32>Step.FRACTION || step == <u32>Step.EXPONENT_DIGITS
  );
}

/** Power of ten of the number's first digit. */
function firstAt(state: NumberState): i32 {
  return state.first + (state.exponentNegative ? -state.exponent : state.exponent);
}

/** The digits as 19 of them. */
function allDigits(state: NumberState): u64 {
  let digits = state.digits;
  for (let kept = state.kept; kept < DIGITS; kept++) digits *= 10;
  return digits;
}

/** Compares the number with a bound. @returns below 0 where it is less, above 0 where it is more */
function compare(state: NumberState, negative: bool, digits: u64, at: i32): i32 {
  const own = state.count ? (state.negative ? -1 : 1) : 0;
  const other = digits ? (negative ? -1 : 1) : 0;
  if (own != other) return own - other;
  if (!own) return 0;
  const ownAt = firstAt(state);
  if (ownAt != at) return ownAt > at ? own : -own;
  const ownDigits = allDigits(state);
  if (ownDigits != digits) return ownDigits > digits ? own : -own;
  return state.more ? own : 0;
}

/** Whether a number that is read is as a case says. */
export function numberFits(state: NumberState, one: NumberCase): bool {
  if (state.count && firstAt(state) - (state.last - 1) < one.grain) return false;
  if (one.has & Bound.LEAST) {
    const order = compare(state, (one.has & Bound.LEAST_NEGATIVE) != 0, one.leastDigits, one.leastAt);
    if (order < 0 || (!order && one.has & Bound.LEAST_OPEN)) return false;
  }
  if (one.has & Bound.MOST) {
    const order = compare(state, (one.has & Bound.MOST_NEGATIVE) != 0, one.mostDigits, one.mostAt);
    if (order > 0 || (!order && one.has & Bound.MOST_OPEN)) return false;
  }
  return true;
}
