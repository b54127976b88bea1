/** Pairs of queries, forms and cookies: the values looked at are those that URLSearchParams gives. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { lookedAt, valuesIn } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const TYPE = "application/x-www-form-urlencoded";
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
/** Long enough to be looked at, and with nothing that another decoder would undo. */
const value = fc.stringMatching(/^'[g-z]{1,6} [ g-z'"<>=!]{1,20}'$/);
const FIRST = ["raw", "raw>form"];

test.each([
  { where: "query", point: "query", place: "query" },
  { where: "form", point: "post.form_urlencoded", place: "form" },
])("in a $where all values are looked at under their names", ({ where, point, place }) => {
  check(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 8 }), (pairs) => {
      const text = new URLSearchParams(pairs).toString();
      const looked = where === "query" ? lookedAt({ target: `/?${text}` }) : lookedAt({ type: TYPE, body: text });
      const expected = [...new URLSearchParams(text)].map(([key, one]) => `${point}.${key}=${one}`);
      expect(valuesIn(looked, [place], FIRST)).toEqual(expected);
    }),
    300,
  );
});

const SPLITS: readonly (readonly [text: string, points: readonly string[], why: string])[] = [
  [`a=${ATTACK}`, ["query.a"], "a value"],
  [`a=b=${ATTACK}`, ["query.a"], "the first = divides, others belong to the value"],
  [`=${ATTACK}`, ["query."], "an empty name"],
  [ATTACK, ["query"], "a name alone is a value"],
  [`a&&&b=${ATTACK}&`, ["query.b"], "empty pairs"],
  [`a;b=${ATTACK}`, ["query.a;b"], "a semicolon divides no pairs"],
  [`a[b][]=${ATTACK}`, ["query.a[b][]"], "names keep their brackets"],
  [`a%62=${ATTACK}`, ["query.a%62"], "points keep names as they came"],
];

test.each(SPLITS)("%j gives %j: %s", (text, points) => {
  const line = ask(core, { target: `/?${text}` });
  expect(line.points.map((point) => point.replaceAll("\\x3b", ";"))).toEqual(points);
});

test("names that are more than words are looked at", () => {
  const looked = lookedAt({ target: "/?plain=1&a.b-c_1=1&a%20b=1&<i>=1" });
  expect(valuesIn(looked, ["query_name"], FIRST)).toEqual(["query=a b", "query=<i>"]);
});

describe("cookies", () => {
  const points = (cookie: string): readonly string[] => ask(core, { fields: [["cookie", cookie]] }).points;

  test("are divided by semicolons; spaces before a name are not its own", () => {
    expect(points(`a=1;b=2;   c=${ATTACK}`)).toEqual(["header.COOKIE.cookie.c"]);
    expect(points(`a=1&b=${ATTACK}`)).toEqual(["header.COOKIE.cookie.a"]);
  });

  test("are not joined with others of their name", () => {
    expect(points("a=x union/*; a=*/select password from users")).toEqual([]);
  });
});

describe("limits", () => {
  test("names are kept to a length", () => {
    const most = core.number("NAME_BYTES_MAX");
    const exact = ask(core, { target: `/?${"n".repeat(most)}=${ATTACK}` });
    expect([exact.points, exact.limits]).toEqual([[`query.${"n".repeat(most)}`], []]);
    const over = ask(core, { target: `/?${"n".repeat(most + 1)}=${ATTACK}` });
    expect([over.points, over.limits]).toEqual([[`query.${"n".repeat(most)}`], ["name"]]);
  });
});
