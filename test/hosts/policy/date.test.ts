/** Dates of policies: a day or a second, and nothing that could be read in two ways. */
import { expect, test } from "vitest";
import { dateSchema, dateText } from "../../../hosts/policy/date.ts";

test.each([
  ["1970-01-01", 0],
  ["2027-02-01", 1_801_440_000],
  ["2027-02-01T00:00:00Z", 1_801_440_000],
  ["2027-02-01T01:00+01:00", 1_801_440_000],
  ["2027-02-01T00:00:00.999Z", 1_801_440_000],
])("%s is the second %i", (text, seconds) => {
  expect(dateSchema.parse(text)).toBe(seconds);
  expect(dateSchema.parse(dateText(seconds))).toBe(seconds);
});

test.each(["", "tomorrow", "2027-02-01T00:00:00", "01/02/2027", "2027-02-32", "1969-12-31", "2100-01-02", "2027-2-1"])(
  "%j is refused",
  (text) => {
    expect(dateSchema.safeParse(text).success).toBe(false);
  },
);
