/** What PHP serialized: its strings are values under their keys. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** `serialize` of PHP. */
function serialize(value: Value): string {
  if (typeof value === "string") return `s:${Buffer.byteLength(value)}:"${value}";`;
  if (typeof value === "number") return Number.isInteger(value) ? `i:${value};` : `d:${value};`;
  if (typeof value === "boolean") return `b:${value ? 1 : 0};`;
  if (value === null) return "N;";
  const isList = Array.isArray(value);
  const pairs = Object.entries(value).map(([key, one]) => serialize(isList ? Number(key) : key) + serialize(one));
  return `a:${pairs.length}:{${pairs.join("")}}`;
}

/** Strings as `way=text`, in order. */
function textsOf(value: Value, way: string): string[] {
  if (typeof value === "string") return [`${way}=${value}`];
  if (typeof value !== "object" || value === null) return [];
  const isList = Array.isArray(value);
  return Object.entries(value).flatMap(([key, one]) => textsOf(one, isList ? `${way}.array` : `${way}.hash.${key}`));
}

/** Text that is looked at once and as it is; it may hold what serialized text is made of. */
const text = fc.stringMatching(/^'[g-z]{1,6} [ g-z";:{}]{1,12}'$/);
const key = fc.stringMatching(/^[a-z][a-z_]{0,7}$/);
const values = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.constantFrom(true, null, 1.5),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("all strings are looked at under their keys", () => {
  check(
    fc.property(fc.dictionary(key, values.value, { minKeys: 1, maxKeys: 4, noNullPrototype: true }), (value) => {
      const target = `/?q=${encodeURIComponent(serialize(value))}`;
      const looked = lookedAt({ target }).filter(({ point, decoders }) => point.includes("php_") && decoders === "raw");
      expect(looked.map(({ point, text: found }) => `${point}=${found}`)).toEqual(
        textsOf(value, "query.q.php_serialized"),
      );
    }),
    200,
  );
});

const cart = (item: string): string => `O:4:"Cart":2:{s:2:"id";i:7;s:4:"item";s:${item.length}:"${item}";}`;

test("objects are read like arrays, and a number in front of a word is told", () => {
  for (const attack of [ATTACK, "1 or 1=1", "' union select 1,2-- -"]) {
    const { points } = ask(core, { target: `/?q=${encodeURIComponent(cart(attack))}` });
    expect(points).toContain("query.q.php_serialized.hash.item");
  }
});

test("a length that lies hides nothing", () => {
  for (const length of [0, 3, 21, 23, 99999, 999999999999]) {
    const value = `a:1:{s:1:"q";s:${length}:"${ATTACK}";}`;
    expect(ask(core, { target: `/?q=${encodeURIComponent(value)}` }).points[0]).toMatch(/^query\.q/);
  }
});

const ODD = [
  "a:1:{",
  'a:1:{s:1:"',
  "s:5:",
  "O:1:{",
  'O:4:"Cart"',
  "a:9:{i:0;",
  "a:1:{N;N;}",
  's:0:""',
  `${"a:1:{i:0;".repeat(200)}`,
];

test.each(ODD)("%j is no trap", (value) => {
  expect(ask(core, { target: `/?q=${encodeURIComponent(value)}` }).points).toEqual([]);
});
