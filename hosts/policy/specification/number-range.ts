/** Ranges of numbers as patterns of their digits, so that a machine over bytes can say whether a number is within. */

/** Where a range begins or ends; left out, it does not. */
export interface Bound {
  readonly value: bigint;
  /** The value itself is not within. */
  readonly isOpen: boolean;
}

/** @returns a pattern of the whole numbers from one bound to the other, leading zeros taken; undefined where none is */
export function integerPattern(least: Bound | undefined, most: Bound | undefined): string | undefined {
  const low = least && least.value + (least.isOpen ? 1n : 0n);
  const high = most && most.value - (most.isOpen ? 1n : 0n);
  const parts: string[] = [];
  if (high === undefined || high >= 0n) parts.push(...plain("0*", low === undefined || low < 0n ? 0n : low, high));
  if (low === undefined || low <= 0n) {
    parts.push(...plain("-0*", high === undefined || high > 0n ? 0n : -high, low === undefined ? undefined : -low));
  }
  return parts.length === 0 ? undefined : parts.join("|");
}

function plain(sign: string, low: bigint, high: bigint | undefined): string[] {
  const digits = digitsPattern(low, high);
  return digits === undefined ? [] : [`${sign}(?:${digits})`];
}

/** As `integerPattern`, with fractions; bounds are whole numbers. */
export function decimalPattern(least: Bound | undefined, most: Bound | undefined): string | undefined {
  const zero: Bound = { value: 0n, isOpen: false };
  const parts: string[] = [];
  const add = (sign: string, low: Bound, high: Bound | undefined): void => {
    const magnitudes = magnitudePattern(low, high);
    if (magnitudes !== undefined) parts.push(`${sign}(?:${magnitudes})`);
  };
  if (most === undefined || most.value >= 0n) add("", least === undefined || least.value < 0n ? zero : least, most);
  if (least === undefined || least.value <= 0n) {
    add("-", most === undefined || most.value > 0n ? zero : negative(most), least && negative(least));
  }
  return parts.length === 0 ? undefined : parts.join("|");
}

function negative({ value, isOpen }: Bound): Bound {
  return { value: -value, isOpen };
}

/** Numbers without a sign. */
function magnitudePattern(low: Bound, high: Bound | undefined): string | undefined {
  const top = high?.value;
  if (top !== undefined && (top < low.value || (top === low.value && (low.isOpen || high?.isOpen === true)))) {
    return undefined;
  }
  if (top === low.value) return `0*${top}(?:\\.0+)?`;
  const inside = digitsPattern(low.isOpen ? low.value + 1n : low.value, top === undefined ? undefined : top - 1n);
  return [
    ...(low.isOpen ? [`0*${low.value}\\.\\d*[1-9]\\d*`] : []),
    ...(inside === undefined ? [] : [`0*(?:${inside})(?:\\.\\d+)?`]),
    ...(top === undefined || high?.isOpen === true ? [] : [`0*${top}(?:\\.0+)?`]),
  ].join("|");
}

/** Digits of the numbers from `low` to `high`, both within; undefined where there are none. */
function digitsPattern(low: bigint, high: bigint | undefined): string | undefined {
  const parts: string[] = [];
  for (let size = String(low).length; ; size++) {
    const [first, last] = [size === 1 ? 0n : 10n ** BigInt(size - 1), 10n ** BigInt(size) - 1n];
    const from = low > first ? low : first;
    const to = high === undefined || high > last ? last : high;
    if (from <= to) parts.push(sameSize(String(from), String(to)));
    if (high === undefined) {
      parts.push(`[1-9]\\d{${size},}`);
      break;
    }
    if (high <= last) break;
  }
  return parts.length === 0 ? undefined : parts.join("|");
}

/** Numbers between two of as many digits. */
function sameSize(from: string, to: string): string {
  if (from === to) return from;
  const [low, high] = [from.charAt(0), to.charAt(0)];
  const [lowRest, highRest] = [from.slice(1), to.slice(1)];
  if (lowRest === "") return `[${low}-${high}]`;
  if (low === high) return `${low}(?:${sameSize(lowRest, highRest)})`;
  const any = `\\d{${lowRest.length}}`;
  const parts: string[] = [];
  const isLowWhole = /^0*$/.test(lowRest);
  const isHighWhole = /^9*$/.test(highRest);
  if (!isLowWhole) parts.push(`${low}(?:${sameSize(lowRest, "9".repeat(lowRest.length))})`);
  const [first, last] = [Number(low) + (isLowWhole ? 0 : 1), Number(high) - (isHighWhole ? 0 : 1)];
  if (first <= last) parts.push(`[${first}-${last}]${any}`);
  if (!isHighWhole) parts.push(`${high}(?:${sameSize("0".repeat(highRest.length), highRest)})`);
  return parts.join("|");
}
