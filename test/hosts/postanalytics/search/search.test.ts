/** Searches: both forms say the same, chips are made of either, and nothing that somebody types does harm. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MerlonError } from "../../../../hosts/core/error.ts";
import type { Chip } from "../../../../hosts/postanalytics/search/chip.ts";
import { SEARCH_FIELDS } from "../../../../hosts/postanalytics/search/fields.ts";
import { readSearch, searchOfChips } from "../../../../hosts/postanalytics/search/search.ts";
import { checkSearch } from "../../../../hosts/postanalytics/search/search-check.ts";

const EXAMPLE = "sqli shop-web url:/api/* !ip:10.0.0.0/8 blocked last:24h";
const EXAMPLE_LONG = [
  `type == "sqli"`,
  `app == "shop-web"`,
  `path.startsWith("/api/")`,
  `!(ip in "10.0.0.0/8")`,
  `action == "blocked"`,
  `ts > now - duration("24h")`,
].join(" && ");

test("the short form becomes the long one, and the other way round", () => {
  const short = readSearch(EXAMPLE);
  expect(short.form).toBe("short");
  expect(short.long).toBe(EXAMPLE_LONG);
  const long = readSearch(EXAMPLE_LONG);
  expect(long.form).toBe("long");
  expect(long.chips).toEqual(short.chips);
  expect(long.short).toBe("type:sqli app:shop-web url:/api/* !ip:10.0.0.0/8 blocked last:24h");
});

test("an empty search asks for everything", () => {
  expect(readSearch("  ")).toEqual({ form: "empty", long: "", short: "", chips: [], ast: null });
  expect(searchOfChips([])).toEqual(readSearch(""));
});

test.each([
  `type == "sqli" || app == "shop"`,
  `status > 400 || ip == "192.0.2.1"`,
  `type.exists(t, t.startsWith("a") && t.endsWith("b"))`,
])("%s is more than chips can say", (text) => {
  const { chips, short, long } = readSearch(text);
  expect([chips, short, long]).toEqual([null, null, text]);
  expect(checkSearch(text)).toEqual({
    valid: true,
    long: text,
    chips: [],
    problem: null,
  });
});

test.each([
  [`hsot == "x"`, 0, 'did you mean "host"?'],
  [`status == "x"`, 7, "compares"],
  [`host == "x" &&`, 14, ""],
  ["sqli utl:x", 5, 'did you mean "url"?'],
])("%s is refused at its place", (text, at, says) => {
  const { valid, problem, long, chips } = checkSearch(text);
  expect([valid, long, chips]).toEqual([false, "", []]);
  expect(problem?.at).toBe(at);
  expect(problem?.message).toContain(says);
  expect(() => readSearch(text)).toThrow(expect.objectContaining({ code: "MERLON_SEARCH" }));
});

test("a search that is too long is refused", () => {
  expect(() => readSearch("a".repeat(4097))).toThrow("has 4097 characters");
});

/** Values that a field of that type may have. */
function someValue(type: string): fc.Arbitrary<string> {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 0, maxLength: 12 }),
    fc
      .array(fc.constantFrom("*", "?", "a", "/", ".", "\\*", "\\\\", '"', " ", ",", "-", "!", "é"), { maxLength: 8 })
      .map((all) => all.join("")),
  );
  switch (type) {
    case "int":
      return fc.nat(100_000).map(String);
    case "ip":
      return fc.constantFrom("192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "2001:db8::1", "0.0.0.0/0");
    case "bool":
      return fc.constant("true");
    case "time":
      return fc.constantFrom("2027-02-01T00:00:00.000Z", "2026-01-01T12:30:00.500Z");
    default:
      // A backslash at the end stands for itself and is written twice; more than 8 stars are refused.
      return text.filter(
        (one) => one.isWellFormed() && one.split("*").length < 8 && !/(?:^|[^\\])(?:\\\\)*\\$/.test(one),
      );
  }
}

const chip: fc.Arbitrary<Chip> = fc.constantFrom(...SEARCH_FIELDS).chain(({ name, type, fold }) => {
  const relation =
    type === "time"
      ? fc.constantFrom(">", ">=", "<", "<=")
      : type === "int"
        ? fc.constantFrom("is", ">", "<=")
        : fc.constant("is");
  return relation.chain((sign) => {
    const several = sign === "is" && type !== "bool" ? 3 : 1;
    const values = fc
      .array(someValue(type), { minLength: 1, maxLength: several })
      .map((all) =>
        all.map((one) => (fold === "lower" ? one.toLowerCase() : fold === "upper" ? one.toUpperCase() : one)),
      );
    return fc.record({
      field: fc.constant(name),
      not: fc.boolean(),
      relation: fc.constant(sign as Chip["relation"]),
      values,
    });
  });
});

describe("for any chips", () => {
  test("the short form is read as the chips that wrote it", () => {
    fc.assert(
      fc.property(fc.array(chip, { minLength: 1, maxLength: 5 }), (chips) => {
        const { short, long } = searchOfChips(chips);
        const again = readSearch(short ?? "");
        expect(again.long).toBe(long);
      }),
      { numRuns: 500 },
    );
  });

  test("the long form becomes chips that say the same", () => {
    fc.assert(
      fc.property(fc.array(chip, { minLength: 1, maxLength: 4 }), (chips) => {
        const { long } = searchOfChips(chips);
        const { chips: again } = readSearch(`(${long})`);
        // What several patterns or ranges say may become other chips, but what they say is the same text again.
        if (again === null) return;
        const twice = readSearch(`(${searchOfChips(again).long})`);
        expect(twice.chips).toEqual(again);
      }),
      { numRuns: 500 },
    );
  });
});

test("whatever somebody types is read or refused, and quickly", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: "binary", maxLength: 60 })), (text) => {
      try {
        readSearch(text);
      } catch (error) {
        expect(error).toBeInstanceOf(MerlonError);
        expect(error).toMatchObject({ code: "MERLON_SEARCH" });
      }
    }),
    { numRuns: 2000 },
  );
  for (const text of ["a,".repeat(2000), '"'.repeat(4000), "!".repeat(4000), "x:".repeat(2000), '\\"'.repeat(2000)]) {
    expect(() => checkSearch(text)).not.toThrow();
  }
});
