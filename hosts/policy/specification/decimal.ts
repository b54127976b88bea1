/** Decimals as the core compares them: the first 19 digits, and the power of ten of the first. */

/** A decimal number; no digits are zero. */
export interface Decimal {
  readonly isNegative: boolean;
  /** 19 digits, the first of them not zero; 0 for zero. */
  readonly digits: bigint;
  /** Power of ten of the first digit. */
  readonly at: number;
}

/** Digits that are kept: doubles have 17, whole numbers of 64 bits 19. */
const DIGITS = 19;

/** @param text of a number as JSON and JavaScript write them; digits beyond the nineteenth are cut */
export function decimalOf(text: string): Decimal {
  const [, sign = "", whole = "0", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  const zeros = /^0*/.exec(all)?.[0].length ?? 0;
  const digits = all.slice(zeros);
  if (digits === "") return { isNegative: false, digits: 0n, at: 0 };
  const at = whole.length - 1 - zeros + Number(exponent);
  return { isNegative: sign === "-", digits: BigInt(digits.slice(0, DIGITS).padEnd(DIGITS, "0")), at };
}

/** @returns below 0 where the first is less, above 0 where it is more */
export function compareDecimals(one: Decimal, other: Decimal): number {
  const [sign, otherSign] = [signOf(one), signOf(other)];
  if (sign !== otherSign || sign === 0) return sign - otherSign;
  if (one.at !== other.at) return one.at > other.at ? sign : -sign;
  if (one.digits === other.digits) return 0;
  return one.digits > other.digits ? sign : -sign;
}

function signOf({ isNegative, digits }: Decimal): number {
  if (digits === 0n) return 0;
  return isNegative ? -1 : 1;
}
