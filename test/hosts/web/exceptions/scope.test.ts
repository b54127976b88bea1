/** How wide an exception reaches: from the narrowest that has the record to any, step by step. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { exceptionSchema } from "../../../../hosts/policy/exception.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { choicesOf, type Draft, expiring, type Side, yamlOf } from "../../../../hosts/web/exceptions/scope.ts";

const DRAFT: Draft = {
  match: { host: "shop.example", method: "POST", path: "/api/articles/*/text", point: "post.json_doc.hash.body" },
  ignore: { stamps: ["sqli-union"], types: [] },
  reason: "tutorials",
  expiresAt: "2099-01-01T00:00:00Z",
};
const POLICY = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {}\n";
const EXACT = { path: "/api/articles/7/text", types: ["sqli"] };

function textsOf(side: Side, draft = DRAFT, exact = EXACT): string[] {
  return choicesOf(side, draft, exact).choices.map(({ text }) => text);
}

test.each([
  ["host", ["shop.example", "any host"], 0],
  ["method", ["POST", "any method"], 0],
  [
    "path",
    [
      ...["/api/articles/7/text", "/api/articles/*/text"],
      ...["/api/articles/*/**", "/api/articles/**", "/api/**", "any path"],
    ],
    1,
  ],
  ["point", ["post.json_doc.hash.body", "post.json_doc.hash.**", "post.json_doc.**", "post.**", "any point"], 0],
  ["stamps", ["sqli-union", "all of sqli"], 0],
] as const)("%s goes from narrow to any", (side, texts, proposed) => {
  expect(textsOf(side)).toEqual(texts);
  expect(choicesOf(side, DRAFT, EXACT).proposed).toBe(proposed);
});

describe("a path", () => {
  test.each([
    ["/", "/", ["/", "any path"]],
    ["/a", "/a", ["/a", "any path"]],
    ["/a/", "/a/", ["/a/", "/a/**", "any path"]],
    ["/a/**", "/a/b/c", ["/a/b/c", "/a/**", "any path"]],
    ["/a/*", "/a/../b", ["/a/*", "/a/**", "any path"]],
    ["/a/*", "/a/%2fb", ["/a/*", "/a/**", "any path"]],
  ])("%s of a request for %s", (path, exact, texts) => {
    const draft = { ...DRAFT, match: { ...DRAFT.match, path } };
    expect(textsOf("path", draft, { ...EXACT, path: exact })).toEqual(texts);
  });

  test("of many segments has a bounded number of steps", () => {
    const path = `/${"a/".repeat(200)}b`;
    expect(textsOf("path", { ...DRAFT, match: { path } }, { ...EXACT, path }).length).toBeLessThan(20);
  });
});

test("a side that was not proposed is any already", () => {
  const draft = { ...DRAFT, match: {} };
  expect(textsOf("path", draft)).toEqual(["any path"]);
  expect(textsOf("host", draft)).toEqual(["any host"]);
});

test("each way of saying it is an exception that the policy takes", () => {
  const sides: readonly Side[] = ["host", "method", "path", "point", "stamps"];
  for (const side of sides) {
    for (const choice of choicesOf(side, DRAFT, EXACT).choices) {
      const made = choice.of(DRAFT);
      expect([choice.text, exceptionSchema.safeParse(made).error]).toEqual([choice.text, undefined]);
      const { exceptions } = parsePolicy(`${POLICY}---\n${yamlOf(made, "fp-1")}`, "t");
      expect(exceptions?.[0]).toMatchObject({ name: "fp-1", reason: "tutorials", ignore: { all: false } });
    }
  }
});

test("as YAML, whatever the reason says is one text", () => {
  const reason = 'a: "b"\n- c # {d} \u2028 <e>';
  expect(parse(yamlOf({ ...DRAFT, reason }, "n")).spec.reason).toBe(reason);
});

test("the end is whole seconds away", () => {
  expect(expiring(DRAFT, 30, Date.UTC(2026, 10, 21, 1, 2, 3, 456)).expiresAt).toBe("2026-12-21T01:02:03Z");
});
