/** Ranges as patterns: every number near their ends is on the right side. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../../fuzz/property.ts";
import { matchesPattern } from "../../../../hosts/policy/regex/regex.ts";
import { type Bound, decimalPattern, integerPattern } from "../../../../hosts/policy/specification/number-range.ts";

const number = fc.oneof(fc.integer({ min: -130, max: 130 }), fc.integer({ min: -12_000, max: 12_000 }));
const bound = fc.option(fc.record({ value: number.map(BigInt), isOpen: fc.boolean() }), { nil: undefined });

function isWithin(value: number, least: Bound | undefined, most: Bound | undefined): boolean {
  const low = least === undefined ? -Infinity : Number(least.value);
  const high = most === undefined ? Infinity : Number(most.value);
  return (
    (least?.isOpen === true ? value > low : value >= low) && (most?.isOpen === true ? value < high : value <= high)
  );
}

const fits = (pattern: string | undefined, text: string): boolean =>
  pattern !== undefined && matchesPattern(`^(?:${pattern})$`, text);

test("whole numbers and fractions are within exactly where they are", () => {
  check(
    fc.property(
      bound,
      bound,
      fc.array(number, { minLength: 5, maxLength: 5 }),
      fc.nat(3),
      (least, most, values, zeros) => {
        const [whole, decimal] = [integerPattern(least, most), decimalPattern(least, most)];
        const ends = [least, most].flatMap((one) =>
          one === undefined ? [] : [-1, 0, 1].map((by) => Number(one.value) + by),
        );
        for (const value of [...values, ...ends, 0]) {
          const text = `${value < 0 ? "-" : ""}${"0".repeat(zeros)}${Math.abs(value)}`;
          expect([text, fits(whole, text)]).toEqual([text, isWithin(value, least, most)]);
          for (const fraction of ["", ".0", ".5", ".50", ".001"]) {
            const own = Number(`${text}${fraction}`);
            expect([text + fraction, fits(decimal, text + fraction)]).toEqual([
              text + fraction,
              isWithin(own, least, most),
            ]);
          }
        }
      },
    ),
    150,
  );
});

test("what is no number is in no range, and the widest range is small", () => {
  const most: Bound = { value: 2n ** 63n - 1n, isOpen: false };
  const pattern = integerPattern({ value: -(2n ** 63n), isOpen: false }, most);
  for (const text of ["", "-", "1e3", "0x1", "1.0", " 1", "9223372036854775808"])
    expect(fits(pattern, text)).toBe(false);
  expect([fits(pattern, "9223372036854775807"), fits(pattern, "-9223372036854775808")]).toEqual([true, true]);
  expect(integerPattern({ value: 5n, isOpen: true }, { value: 6n, isOpen: true })).toBeUndefined();
});
