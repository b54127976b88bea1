/** Exceptions as people write them: what must be said, and how narrowly. */
import { expect, test } from "vitest";
import { exceptionOf, exceptionSchema } from "../../../hosts/policy/exception.ts";

const GOOD = {
  match: { host: "Shop.Example", method: "POST", path: "/api/articles/*", point: "post.json_doc.hash.body" },
  ignore: { stamps: ["sqli-union"] },
  reason: "editors write about SQL",
  expiresAt: "2027-02-01",
};

test("a good one is read, with its date in seconds and its host in lower case", () => {
  expect(exceptionOf("a", exceptionSchema.parse(GOOD))).toEqual({
    name: "a",
    match: {
      host: "shop.example",
      method: "POST",
      path: { segments: ["api", "articles", null], end: "exact" },
    },
    point: "post.json_doc.hash.body",
    ignore: { stamps: ["sqli-union"], types: [], all: false },
    reason: "editors write about SQL",
    expiresAt: Date.UTC(2027, 1, 1) / 1000,
  });
});

test.each([
  ["no reason", { reason: " " }, "say why"],
  ["nothing to ignore", { ignore: {} }, "ignores nothing"],
  ["all and more", { ignore: { all: true, types: ["xss"] } }, "says all and more"],
  ["all without a path", { match: { point: "query.a" }, ignore: { all: true } }, "match.path and match.point"],
  ["all without a point", { match: { path: "/a" }, ignore: { all: true } }, "match.path and match.point"],
  ["no date", { expiresAt: "soon" }, "is no date"],
  ["a date without a time zone", { expiresAt: "2027-02-01T00:00:00" }, "is no date"],
  ["a month that is none", { expiresAt: "2027-13-01" }, "is no date"],
  ["a date beyond all plans", { expiresAt: "2200-01-01" }, "out of range"],
  ["a point with part of a star", { match: { point: "query.a*" } }, "whole one"],
  ["a point with two double stars", { match: { point: "**.a.**" } }, "twice"],
  ["a stamp that is none", { ignore: { stamps: ["SQLi"] } }, "no stamp"],
])("%s is refused", (_why, change, says) => {
  const parsed = exceptionSchema.safeParse({ ...GOOD, ...change });
  expect(parsed.error?.issues.map(({ message }) => message).join()).toContain(says);
});

test.each(["reason", "expiresAt", "ignore"])("%s must be there", (field) => {
  expect(exceptionSchema.safeParse({ ...GOOD, [field]: undefined }).success).toBe(false);
});
