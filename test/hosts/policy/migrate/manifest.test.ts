/** Manifests: lists opened, values told from objects, and hostile YAML refused. */
import { expect, test } from "vitest";
import { leavesOf, manifestsOf, valueAt } from "../../../../hosts/policy/migrate/manifest.ts";

test("lists are opened, and every object has its place", () => {
  const text =
    "kind: IngressList\nitems: [{kind: Ingress, metadata: {name: a, annotations: {x: 1}}}]\n---\na: {b: 1}\n";
  expect(manifestsOf(text, "f").map(({ kind, name, place }) => [kind, name, place])).toEqual([
    ["Ingress", "a", "f:1"],
    ["", "", "f:4"],
  ]);
  expect(manifestsOf(text, "f")[0]?.annotations.get("x")).toBe("1");
  expect(manifestsOf("", "f")).toEqual([]);
});

test("values are read by their paths", () => {
  const content = { a: { b: [1], c: {} }, d: null };
  expect(valueAt(content, "a.b")).toEqual([1]);
  expect(valueAt(content, "a.toString")).toBeUndefined();
  expect(leavesOf(content)).toEqual([
    ["a.b", [1]],
    ["a.c", {}],
    ["d", null],
  ]);
});

test("aliases that multiply are refused", () => {
  const levels = Array.from(
    { length: 20 },
    (_, at) => `a${at}: &a${at} [${at === 0 ? "x" : `*a${at - 1},*a${at - 1}`}]`,
  );
  expect(() => manifestsOf(levels.join("\n"), "f")).toThrow("its aliases are too many");
});
