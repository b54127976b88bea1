/** GraphQL documents: which strings are values of their own, under which points, and what is no document. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

/** Values found inside the document of a parameter, each in its last reading. */
function stringsOf(document: string): string[] {
  const looked = lookedAt({ target: `/?query=${encodeURIComponent(document)}` });
  return looked
    .filter(({ point, decoders }) => point.startsWith("query.query.gql") && !decoders.endsWith(">escape"))
    .map(({ point, text }) => `${point.slice("query.query.gql".length)}=${text}`);
}

const DOCUMENTS: readonly (readonly [document: string, strings: readonly string[], why: string])[] = [
  ['{ a(b: "one") { c } }', [".a.b=one"], "an argument"],
  ['query Q($v: T = "one") { a(b: $v) }', [".v=one"], "a default"],
  ['{ a(b: "one", c: ["two", "six"]) }', [".a.b=one", ".a.c=two", ".a.c=six"], "a list"],
  ['mutation M { a(in: {k: "one", l: {m: "two"}}) { d } }', [".a.in=one", ".a.in=two"], "objects"],
  ['{ a(b: """one "two" six""") }', ['.a.b=one "two" six'], "a block string"],
  ['{ a(b: "one\\"two") }', ['.a.b=one"two'], "an escape"],
  ['# note "x"\n{ a { d(e: "one") } f(g: "two") }', [".d.e=one", ".f.g=two"], "a comment, fields in fields"],
  ['{ x: a(b: "one") @include(if: true) { ...F } } fragment F on T { d(e: "two") }', [".a.b=one", ".d.e=two"], "parts"],
];

test.each(DOCUMENTS)("%j holds %j: %s", (document, strings) => {
  expect(stringsOf(document)).toEqual(strings);
});

test("a document in a string leaves the outer one's place alone", () => {
  const strings = stringsOf('{ a(b: "{ c(d: \\"inner\\") }", e: "two") { f(g: "six") } }');
  expect(strings).toContain(".a.b.gql.c.d=inner");
  expect(strings.slice(-2)).toEqual([".a.e=two", ".f.g=six"]);
});

const NONE = [
  '{ a(b: "one") } and text',
  '{"a":"one"}',
  '{ a(b: "one") ',
  '{ a(b: "one)) }',
  'if (x) { say("one"); }',
  "{ }",
  'query("one")',
];

test.each(NONE)("%j is no document", (text) => {
  expect(stringsOf(text)).toEqual([]);
});

describe("a document in a body", () => {
  const document = `{ a(b: "${ATTACK}") { c } }`;

  test("of its own type keeps its first brace", () => {
    const { points, anomalies } = ask(core, { method: "POST", type: "application/graphql", body: document });
    expect(points).toEqual(["post.gql.a.b"]);
    expect(anomalies).toEqual([]);
  });

  test("is found in JSON, and told once", () => {
    const body = JSON.stringify({ query: document });
    const { points } = ask(core, { method: "POST", type: "application/json", body });
    expect(points).toEqual(["post.json_doc.hash.query.gql.a.b"]);
  });
});
