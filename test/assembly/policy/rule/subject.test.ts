/** Parts of the head: as an application reads them, and none hides behind another of its name. */
import { expect, test } from "vitest";
import { Core, type Pair } from "../../core.ts";
import { NOW, useObjects } from "../../policy-image.ts";
import { type Asked, ask } from "../../requests.ts";

const core = new Core("checked");
const ROWS: readonly (readonly [when: string, asked: Asked])[] = [
  ['query["a b"] == "c d"', { target: "/?a+b=c%20d" }],
  ['query.a == "1,,2"', { target: "/?a=1&a&a=2" }],
  ['query.a == "b=c"', { target: "/?a=b=c" }],
  ['query["a"] == "" && has(query.a)', { target: "/?a" }],
  ["!has(query.a)", { target: "/?" }],
  ["!has(query.a)", { target: "/a=1" }],
  ['path == "/a?b"', { target: "/a%3fb?c" }],
  ['path == "/x"', { target: "http://other.example/x?y" }],
  ['host == "other.example"', { target: "http://other.example/x?y" }],
  ['host == "a.x"', { authority: "A.x.:80" }],
  ['host == "[::1]"', { authority: "[::1]:80" }],
  ['cookie.a == "1,2"', { fields: [["cookie", "a=1; b=3;a=2"]] }],
  ['cookie.a == "1,2"', { fields: [["cookie", "a=1"] as Pair, ["Cookie", "a=2"] as Pair] }],
  ["!has(cookie.b)", { fields: [["cookie", "a=1; ab=2"]] }],
  ['method == "get"', { method: "get" }],
  ['header["x-empty"] == "" && has(header["x-empty"])', { fields: [["X-Empty", ""]] }],
  ['has(header["a.b"])', { fields: [["A.B", "1"]] }],
];

test.each(ROWS)("%s holds", (when, asked) => {
  useObjects(core, {}, { rules: [{ name: "r", when, type: "rce" }] });
  expect(ask(core, { now: NOW, ...asked }).line).toContain("rule-r@uri");
  useObjects(core, {}, { rules: [{ name: "r", when: `!(${when})`, type: "rce" }] });
  expect(ask(core, { now: NOW, ...asked }).line).not.toContain("rule-r@uri");
});
