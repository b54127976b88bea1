/** The reader of bodies: faults stand at their points, what is no JSON is told, and no depth or length is beyond it. */
import { describe, expect, test } from "vitest";
import { Core } from "../../core.ts";
import { found, hold } from "./held.ts";

const core = new Core("checked");

describe("faults stand at their points", () => {
  const item = {
    type: "object",
    required: ["id"],
    properties: { id: { type: "integer" }, tags: { type: "array", items: { type: "string" }, maxItems: 2 } },
    additionalProperties: false,
  };
  const order = { type: "object", properties: { items: { type: "array", items: item }, note: { maxLength: 3 } } };

  test.each<[body: unknown, points: readonly string[]]>([
    [{ items: [{ id: 1, tags: ["a"] }, { id: 2 }], note: "abc", free: {} }, []],
    [{ items: [{ id: 1 }, { id: "1" }] }, ["invalid-field@post.json_doc.hash.items.array.hash.id"]],
    [{ items: [{ id: 1, x: 1 }] }, ["undefined-field@post.json_doc.hash.items.array.hash.x"]],
    [{ items: [{}] }, ["missing-field@post.json_doc.hash.items.array.hash.id"]],
    [{ items: [{ id: 1, tags: ["a", 2] }] }, ["invalid-field@post.json_doc.hash.items.array.hash.tags.array"]],
    [{ items: [{ id: 1, tags: ["a", "b", "c"] }] }, ["invalid-field@post.json_doc.hash.items.array.hash.tags"]],
    [{ items: 7 }, ["invalid-field@post.json_doc.hash.items"]],
    [[], ["invalid-field@post.json_doc"]],
    // Of each kind the first is told, in the order of the kinds.
    [
      { note: "long", items: [{ b: 1 }, { c: 1 }, 7] },
      [
        "undefined-field@post.json_doc.hash.items.array.hash.b",
        "missing-field@post.json_doc.hash.items.array.hash.id",
        "invalid-field@post.json_doc.hash.note",
      ],
    ],
  ])("%j", (body, points) => {
    expect(hold(core, order)).toEqual([]);
    expect(found(core, JSON.stringify(body))).toEqual(points);
  });

  test("every field of a name that comes twice is held", () => {
    hold(core, { properties: { a: { type: "string" } } });
    for (const body of ['{"a":1,"a":"x"}', '{"a":"x","a":1}', '{"a":"x","\\u0061":1}']) {
      expect(found(core, body), body).toEqual(["invalid-field@post.json_doc.hash.a"]);
    }
  });

  test("names are told from each other whole, however long they are", () => {
    const name = "n".repeat(128);
    hold(core, { properties: { [name]: { type: "null" }, A: {}, a: { type: "null" } }, additionalProperties: false });
    expect(found(core, JSON.stringify({ [name]: null, A: 1, a: null }))).toEqual([]);
    expect(found(core, JSON.stringify({ [`${name}n`]: null }))).toEqual([`undefined-field@post.json_doc.hash.${name}`]);
    expect(found(core, JSON.stringify({ a: 1 }))).toEqual(["invalid-field@post.json_doc.hash.a"]);
  });
});

test.each([
  ...[
    "",
    " \n",
    "{",
    "[1,]",
    '{"a"}',
    '{"a":1,}',
    "{'a':1}",
    "{}{}",
    "[]]",
    "tru",
    "nulL",
    "[truee]",
    "{a:1}",
    "[1 2]",
  ],
  ...["\ufeff", "[,1]", '{"a":1]', "[1}", "\u00a0{}", "\u000b{}", "// x\n{}", "<a/>", "a=1", "\xef", '{"a"::1}', "{,}"],
])("%j is no JSON body", (body) => {
  hold(core, { type: ["object", "array"] });
  expect(found(core, [Buffer.from(body, body === "\xef" ? "latin1" : "utf8")])).toEqual(["invalid-body@post"]);
});

test.each(["{}", " [\t1 ,\r\n2 ] ", "\ufeff{}", '{"a":{"b":[[],{}]}}', '[true,false,null,"",0]'])(
  "%j is one",
  (body) => {
    hold(core, { type: ["object", "array"] });
    expect(found(core, body)).toEqual([]);
  },
);

test("a body that is not required may be empty, and nothing else", () => {
  const content = { "application/json": { schema: { type: "object" } } };
  hold(core, {}, { requestBody: { content } });
  expect(found(core, "")).toEqual([]);
  expect(found(core, [])).toEqual([]);
  expect(found(core, " \n")).toEqual([]);
  expect(found(core, "{")).toEqual(["invalid-body@post"]);
});

describe("depth", () => {
  const tree = {
    type: "object",
    properties: { a: { $ref: "#/components/schemas/root" } },
    additionalProperties: false,
  };
  const nested = (depth: number, inside: string): string => `${'{"a":'.repeat(depth)}${inside}${"}".repeat(depth)}`;

  test("a schema that holds itself is asked as deep as points are named, and more is no body", () => {
    hold(core, tree);
    expect(found(core, nested(63, "{}"))).toEqual([]);
    expect(found(core, nested(63, '{"b":1}'))[0]).toMatch(/^undefined-field@post\.json_doc\.hash\.a\.hash/);
    expect(found(core, nested(64, "{}"))).toEqual(["invalid-body@post"]);
  });

  test("what is free may be as deep as bodies are followed", () => {
    hold(core, { type: "array" });
    expect(found(core, "[".repeat(512) + "]".repeat(512))).toEqual([]);
    expect(found(core, "[".repeat(513) + "]".repeat(513))).toEqual(["invalid-body@post"]);
  });
});

test("more names than are kept leave the point short and the verdict right", () => {
  hold(core, { additionalProperties: { $ref: "#/components/schemas/root" }, properties: { z: { type: "null" } } });
  const name = "n".repeat(100);
  const body = `${`{"${name}":`.repeat(12)}{"z":1}${"}".repeat(12)}`;
  expect(found(core, body)[0]).toMatch(/^invalid-field@post\.json_doc\.hash\.n{100}\.hash\.n{100}/);
});
