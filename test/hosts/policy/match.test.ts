/** Path templates: what can be said, what each means, and in which order scopes count. */
import { describe, expect, test } from "vitest";
import {
  type Match,
  matchSchema,
  matchText,
  parseTemplate,
  prefixTemplate,
  sortMatches,
} from "../../../hosts/policy/match.ts";

test.each([
  ["/", { segments: [""], end: "exact" }],
  ["/a/b", { segments: ["a", "b"], end: "exact" }],
  ["/a/", { segments: ["a", ""], end: "exact" }],
  ["/a/*/c", { segments: ["a", null, "c"], end: "exact" }],
  ["/a/**", { segments: ["a"], end: "below" }],
  ["/**", { segments: [], end: "inside" }],
  ["/a%20b/%zz", { segments: ["a b", "%zz"], end: "exact" }],
])("%s", (text, template) => {
  expect(parseTemplate(text)).toEqual(template);
});

test.each([
  ["/a/**/b", "before its end"],
  ["/a*", "part of a segment"],
  ["/a/../b", "which is undone"],
  ["/%2e%2e/b", "which is undone"],
  [`${"/a".repeat(40)}`, "more than 32"],
])("%s is refused", (text, why) => {
  expect(parseTemplate(text)).toContain(why);
});

test("a prefix with a slash at its end takes what follows it alone", () => {
  expect(prefixTemplate("/a")).toEqual({ segments: ["a"], end: "below" });
  expect(prefixTemplate("/a/")).toEqual({ segments: ["a"], end: "inside" });
  expect(prefixTemplate("/")).toEqual({ segments: [], end: "inside" });
});

describe("a match", () => {
  test.each([
    [{ host: "shop.example:80" }, "port"],
    [{ host: "shop.*.example" }, "no host"],
    [{ host: "http://a" }, "no host"],
    [{ method: "post" }, "lower case"],
    [{ path: "a" }, "slash"],
    [{ path: "/a?b" }, "query"],
  ])("%o is refused", (match, why) => {
    expect(
      matchSchema
        .safeParse(match)
        .error?.issues.map(({ message }) => message)
        .join(),
    ).toContain(why);
  });

  test("has one text for one meaning", () => {
    const [a, b] = [
      { path: "/%61", host: "A.x" },
      { path: "/a", host: "a.x" },
    ].map((match) => matchSchema.parse(match));
    expect(matchText(a ?? {})).toBe(matchText(b ?? {}));
    expect(matchText(matchSchema.parse({ path: "/*" }))).not.toBe(matchText(matchSchema.parse({ path: "/%2a" })));
  });

  test("counts more the closer it is", () => {
    const ordered: Match[] = [
      {},
      { method: "GET" },
      { path: "/**" },
      { path: "/*" },
      { path: "/a/**" },
      { path: "/a/*" },
      { path: "/a/b" },
      { path: "/a/b", method: "GET" },
      { host: "*.x" },
      { host: "*.b.x" },
      { host: "a.b.x" },
      { host: "a.b.x", path: "/a" },
    ].map((match) => matchSchema.parse(match));
    expect(sortMatches([...ordered].reverse()).map(matchText)).toEqual(ordered.map(matchText));
  });
});
