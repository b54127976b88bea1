/** Patterns against the runtime's own matcher, and what is refused with a place and a reason. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesPattern, patternFault } from "../../../../hosts/policy/regex/regex.ts";

const RUNS = 4000;

describe("a pattern matches what the runtime's matcher does", () => {
  test.each([
    { pattern: "", text: "" },
    { pattern: "ubb", text: "hubba" },
    { pattern: "^ab", text: "cab" },
    { pattern: "^ab|cd$", text: "xxcd" },
    { pattern: "ab$", text: "ab\n" },
    { pattern: "(?:a|b)+c{2,3}$", text: "xabbaccc" },
    { pattern: "\\bunion\\b.+\\bselect\\b", text: "1 union all select 2" },
    { pattern: "\\bunion\\b", text: "reunions" },
    { pattern: "\\Bon\\b", text: "reunion" },
    { pattern: "^\\b", text: "" },
    { pattern: "[^a-z]", text: "abc" },
    { pattern: "[]a]b", text: "]b", other: "[\\]a]b" },
    { pattern: "[\\w.-]+@[\\w.-]+", text: "me@example.com" },
    { pattern: "^.{3}$", text: "aäb" },
    { pattern: "^[ä-ü]+$", text: "öö" },
    { pattern: "^[^ö]$", text: "ö" },
    { pattern: "😀{2}", text: "🐱😀😀" },
    { pattern: "a.b", text: "a\nb" },
    { pattern: "^x*$", text: "" },
    { pattern: "x{0}y", text: "y" },
    { pattern: "[[:alpha:]]+1", text: "ab1", other: "[A-Za-z]+1" },
    { pattern: "\\Qa.b\\E", text: "a.b", other: "a\\.b" },
    { pattern: "\\x41\\x{1F600}", text: "A😀", other: "A😀" },
    { pattern: "\\101?", text: "A", other: "A?", refused: true },
  ])("$pattern in $text", ({ pattern, text, other = pattern, refused = false }) => {
    if (refused) expect(patternFault(pattern)).toBeDefined();
    else expect(matchesPattern(pattern, text)).toBe(new RegExp(other, "u").test(text));
  });

  test.each([
    { pattern: "^(a*)*$", text: `${"a".repeat(10_000)}b`, found: false },
    { pattern: "(?i)SELECT", text: "sElEct", found: true },
    { pattern: "(?i:ab)C", text: "ABc", found: false },
    { pattern: "a(?i)b|c", text: "xC", found: true },
    { pattern: "(?i)ä", text: "Ä", found: true },
    { pattern: "(?s)a.b", text: "a\nb", found: true },
    { pattern: "(?m)^b$", text: "a\nb\nc", found: true },
    { pattern: "(?s-i:a)", text: "A", found: false },
    { pattern: "(?P<name>a)b", text: "ab", found: true },
    { pattern: "a+?b", text: "aab", found: true },
    { pattern: "\\z", text: "a", found: true },
    { pattern: "a{,2}", text: "a{,2}", found: true },
    { pattern: "[\\d-]x", text: "-x", found: true },
  ])("$pattern in $text: $found, as RE2 has it", ({ pattern, text, found }) => {
    expect(matchesPattern(pattern, text)).toBe(found);
  });

  test("for random patterns and texts", () => {
    const atom = fc.constantFrom("a", "b", "_", "\\n", ".", "[ab]", "[^a]", "\\w", "\\W", "\\d", "ä", "[ä-ö]", "😀");
    // \B is left out: between the bytes of one character it holds here, as it does in RE2.
    const place = fc.constantFrom("^", "$", "\\b");
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        atom,
        place,
        fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
        fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map((parts) => `(?:${parts.join("|")})`),
        fc
          .tuple(tie("tree"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "*?"))
          .map(([part, count]) => `(?:${part}x|x)${count}`),
      ),
    }));
    const text = fc.array(fc.constantFrom("a", "b", "x", "_", "\n", " ", "ä", "ö", "😀", "1"), { maxLength: 10 });
    fc.assert(
      fc.property(tree, text, (pattern, letters) => {
        const subject = letters.join("");
        const expected = new RegExp(pattern, "u").test(subject);
        const got = matchesPattern(pattern, subject);
        // A byte within a character may be taken for a stray one: more is found then, never less.
        if (/^[\0-\x7f]*$/.test(subject)) expect(got).toBe(expected);
        else expect(got || !expected).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("a pattern is refused", () => {
  test.each([
    { pattern: "a(?=b)", at: 1, why: "looks ahead" },
    { pattern: "(?<!a)b", at: 0, why: "looks ahead or behind" },
    { pattern: "(a)\\1", at: 3, why: "refers back" },
    { pattern: "a++", at: 2, why: "possessive" },
    { pattern: "a**", at: 2, why: "repeats a repetition" },
    { pattern: "*a", at: 0, why: "repeats nothing" },
    { pattern: "(a", at: 0, why: "never closed" },
    { pattern: "a)", at: 1, why: "closes nothing" },
    { pattern: "[a", at: 0, why: "never closed" },
    { pattern: "[b-a]", at: 1, why: "swap" },
    { pattern: "a{3,2}", at: 1, why: "swap" },
    { pattern: "a{1,2000}", at: 1, why: "1000" },
    { pattern: "\\pL", at: 0, why: "not supported" },
    { pattern: "ab\\", at: 2, why: "ends the pattern" },
    { pattern: "[[:alpa:]]", at: 1, why: 'did you mean "alpha"' },
    { pattern: "(?:(?:a{100}){100}){100}", at: 0, why: "too large" },
    { pattern: "(?:a|b)*a(?:a|b){40}", at: 0, why: "64 KiB" },
    { pattern: "(".repeat(200), at: 100, why: "deeper" },
    { pattern: "a".repeat(3000), at: 0, why: "2048" },
  ])("$pattern at $at: $why", ({ pattern, at, why }) => {
    expect(patternFault(pattern)).toMatchObject({ at, message: expect.stringContaining(why) });
  });
});
