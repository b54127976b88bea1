/** Parameters that come more than once: joined by commas, per name, within bounds. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ask } from "../requests.ts";

const core = new Core("checked");

/** Values looked at as joined ones: `name=text`. */
function joined(query: string): string[] {
  return lookedAt({ target: `/?${query}` })
    .filter(({ point, place }) => place === "query" && point.endsWith(".pollution"))
    .map(({ point, text }) => `${point.slice("query.".length, -".pollution".length)}=${text}`);
}

const QUERIES: readonly (readonly [query: string, joined: readonly string[], why: string])[] = [
  ["a=one&b=two", [], "none comes twice"],
  ["a=one&b=x&a=two", ["a=one,two"], "one does"],
  ["a=1&b=2&a=3&b=4&a=5", ["a=1,3,5", "b=2,4"], "several do"],
  ["a=one&A=two", ["a=one,two"], "the case of names does not count: some back ends fold it"],
  ["a=&a=&a=xyz", ["a=,,xyz"], "empty values"],
  ["=one&=two", [], "names are empty"],
  ["a=1%2C2&a=3", ["a=1,2,3"], "escapes are undone after joining"],
];

test.each(QUERIES)("in %j they are %j: %s", (query, expected) => {
  expect(joined(query)).toEqual(expected);
});

test("query and form are joined apart", () => {
  const body = "id=*/select password from users";
  const { points } = ask(core, { target: "/?id=x union/*", type: "application/x-www-form-urlencoded", body });
  expect(points).toEqual([]);
  const both = ask(core, { type: "application/x-www-form-urlencoded", body: `id=x union/*&${body}` });
  expect(both.points).toEqual(["post.form_urlencoded.id.pollution"]);
});

describe("limits", () => {
  test("of bytes: what no longer fits is not joined, and it is said", () => {
    const query = `${Array.from({ length: 40 }, () => `a=${"x".repeat(900)}`).join("&")}&b=1&b=2`;
    expect(ask(core, { target: `/?${query}` }).limits).toEqual(["pollution"]);
  });

  test("of names: as many as are watched are joined", () => {
    const pairs = (count: number): string => Array.from({ length: count }, (_, index) => `n${index}=v`).join("&");
    const most = core.number("POLLUTION_NAMES_MAX");
    expect(ask(core, { target: `/?${pairs(most)}` }).limits).toEqual([]);
    expect(ask(core, { target: `/?${pairs(most + 1)}` }).limits).toEqual(["pollution"]);
  });
});
