/** Patterns of points, by exceptions and by rules alike: segment by segment, with one `**` for any number of them. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { NOW, useObjects } from "../policy-image.ts";
import { ask } from "../requests.ts";

const core = new Core("checked");

test.each([
  ["post.json_doc.hash.a", true],
  ["post.json_doc.hash.*", true],
  ["post.*.hash.a", true],
  ["post.**", true],
  ["**", true],
  ["**.a", true],
  ["post.**.a", true],
  ["post.json_doc.hash.a.**", true],
  ["post.json_doc.hash", false],
  ["post.json_doc.hash.a.*", false],
  ["*.a", false],
  ["query.**", false],
  ["post.**.hash.hash.a", false],
])("the point post.json_doc.hash.a fits %s: %s", (pattern, fits) => {
  const rules = [{ name: "r", when: `point["${pattern}"].exists(v, v == "needle")`, type: "rce" }];
  useObjects(core, {}, { rules });
  const { line } = ask(core, { now: NOW, method: "POST", type: "application/json", body: '{"a":"needle"}' });
  expect(line.includes("rule-r@post.json_doc.hash.a")).toBe(fits);
});

test("a dot in a name is no border of segments", () => {
  useObjects(core, {}, { rules: [{ name: "r", when: 'point["query.*"].exists(v, v == "needle")', type: "rce" }] });
  expect(ask(core, { now: NOW, target: "/?a.b=needle" }).line).toContain("rule-r@query.a\\.b");
});
