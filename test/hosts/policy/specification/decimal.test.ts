/** Decimals: what numbers are, however they are written, and which of two is the larger. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../../fuzz/property.ts";
import { compareDecimals, decimalOf } from "../../../../hosts/policy/specification/decimal.ts";

test.each([
  ["0", { isNegative: false, digits: 0n, at: 0 }],
  ["-0.00e7", { isNegative: false, digits: 0n, at: 0 }],
  ["120", { isNegative: false, digits: 12n * 10n ** 17n, at: 2 }],
  ["-0.05", { isNegative: true, digits: 5n * 10n ** 18n, at: -2 }],
  ["1.5e-7", { isNegative: false, digits: 15n * 10n ** 17n, at: -7 }],
  ["9223372036854775807", { isNegative: false, digits: 9_223_372_036_854_775_807n, at: 18 }],
])("%s", (text, decimal) => {
  expect(decimalOf(text)).toEqual(decimal);
});

test("doubles compare as their decimals do", () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  check(
    fc.property(double, fc.oneof(double, fc.constantFrom(0, -0, 1e-7, 1e21)), (one, other) => {
      expect(Math.sign(compareDecimals(decimalOf(String(one)), decimalOf(String(other))))).toBe(
        one === other ? 0 : one > other ? 1 : -1,
      );
    }),
    2000,
  );
});
