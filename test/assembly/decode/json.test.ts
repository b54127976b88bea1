/** JSON: the leaves and keys that the core looks at are those that `JSON.parse` gives, at the points of their ways. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { lookedAt, valuesIn } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const TYPE = "application/json";
/** Text that the core looks at once and as it is: long enough, plain, unlike a document or another encoding. */
const leaf = fc.stringMatching(/^'[g-z]{1,6} [ g-z"\n\t/]{1,20}'$/);
const key = fc.stringMatching(/^[a-z_]{1,8}$/);
const document = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.integer(), fc.constantFrom(true, false, null), tie("array"), tie("object")),
  array: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));

/** String leaves as `point=text`, in the order of the document. */
function leavesOf(value: unknown, point: string): string[] {
  if (typeof value === "string") return [`${point}=${value}`];
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(item, `${point}.array`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item, `${point}.hash.${name}`));
}

test("all string leaves are looked at, and nothing else", () => {
  check(
    fc.property(fc.oneof(document.object, document.array), fc.integer({ min: 0, max: 3 }), (value, indent) => {
      const looked = lookedAt({ method: "POST", type: TYPE, body: JSON.stringify(value, null, indent) });
      expect(valuesIn(looked, ["json"], ["raw", "raw>json_string"])).toEqual(leavesOf(value, "post.json_doc"));
      expect(valuesIn(looked, ["body", "json_key"], ["raw"])).toEqual([]);
    }),
    400,
  );
});

test("keys of plain words are names, others are values too", () => {
  const body = '{"plain_key-1.x y":"","<b>":"","\\u0027or\\u0027":"v"}';
  const looked = lookedAt({ type: TYPE, body });
  expect(looked.filter(({ place }) => place === "json_key").map(({ text, decoders }) => [decoders, text])).toEqual([
    ["raw", "<b>"],
    ["raw>json_string", "'or'"],
  ]);
});

const BROKEN: readonly (readonly [body: string, point: string, why: string])[] = [
  [`{"a":1,}${ATTACK}`, "post", "a comma before the end"],
  [`{'a':"${ATTACK}"}`, "post", "other quotes"],
  [`{"a" "${ATTACK}"}`, "post", "no colon"],
  [`[1 2 "${ATTACK}"]`, "post", "no comma"],
  [`{"a":"${ATTACK}`, "post.json_doc.hash.a", "no end of a string"],
  [`[}"${ATTACK}"`, "post", "another bracket"],
  [`nothing ${ATTACK}`, "post", "no document"],
];

test.each(BROKEN)("%j is odd and looked at under %s: %s", (body, point) => {
  const { points, anomalies } = ask(core, { method: "POST", type: TYPE, body });
  expect(points).toContain(point);
  expect(anomalies).toContain("json");
});

const WHOLE = [
  '{"a":"b"}\n{"c":"d"}',
  "\x1e[1]\x1e[2]",
  " \r\n\t[]",
  "1",
  '"abc"',
  "null",
  "-1.5e+3",
  "\xef\xbb\xbf{}",
  "",
];

test.each(WHOLE)("%j is not odd", (body) => {
  expect(ask(core, { method: "POST", type: TYPE, body }).anomalies).toEqual([]);
});

describe("limits", () => {
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}"${ATTACK}"${"}".repeat(depth)}`;

  test("names are kept to a depth, leaves are looked at beyond", () => {
    const most = core.number("DEPTH_MAX");
    expect(ask(core, { type: TYPE, body: nested(most) }).limits).toEqual([]);
    const { points, limits } = ask(core, { type: TYPE, body: nested(most + 1) });
    expect(limits).toEqual(["depth"]);
    expect(points).toHaveLength(1);
  });

  test("beyond the depth that is followed the rest is text", () => {
    const most = core.number("DEPTH_FOLLOWED_MAX");
    expect(ask(core, { type: TYPE, body: nested(most) }).anomalies).toEqual([]);
    const { points, anomalies } = ask(core, { type: TYPE, body: nested(most + 1) });
    expect(anomalies).toEqual(["json"]);
    expect(points.at(-1)).toMatch(/^post/);
  });

  test("a long key is cut in the point, and said", () => {
    const most = core.number("NAME_BYTES_MAX");
    expect(ask(core, { type: TYPE, body: `{"${"k".repeat(most)}":"${ATTACK}"}` }).limits).toEqual([]);
    const { points, limits } = ask(core, { type: TYPE, body: `{"${"k".repeat(most + 1)}":"${ATTACK}"}` });
    expect(limits).toEqual(["name"]);
    expect(points).toEqual([`post.json_doc.hash.${"k".repeat(most)}`]);
  });
});

describe("a document inside a value", () => {
  const inner = JSON.stringify({ a: { b: ATTACK } });
  const twice = JSON.stringify({ c: inner });

  test("is read as one in a parameter, a leaf and a leaf of a leaf", () => {
    const target = `/?q=${encodeURIComponent(inner)}`;
    expect(ask(core, { target }).points).toEqual(["query.q.json_doc.hash.a.hash.b"]);
    expect(ask(core, { type: TYPE, body: twice }).points).toEqual(["post.json_doc.hash.c.json_doc.hash.a.hash.b"]);
    const thrice = ask(core, { type: TYPE, body: JSON.stringify({ d: twice }) }).points;
    expect(thrice).toEqual(["post.json_doc.hash.d.json_doc.hash.c.json_doc.hash.a.hash.b"]);
  });

  test("is text where it is none as a whole", () => {
    expect(ask(core, { target: `/?q=${encodeURIComponent(`${inner} x`)}` }).points).toEqual(["query.q"]);
  });

  test("that never ends is bounded", () => {
    let body = ATTACK;
    for (let depth = 0; depth < 8; depth++) body = JSON.stringify({ a: body });
    const { points, limits } = ask(core, { type: TYPE, body });
    expect(points.length).toBeGreaterThan(0);
    expect([...limits].every((limit) => ["nest", "layers"].includes(limit))).toBe(true);
  });
});
