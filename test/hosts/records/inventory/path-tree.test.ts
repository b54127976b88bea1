/** Templates as they turn out, whatever comes first. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PathTree } from "../../../../hosts/records/inventory/path-tree.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

test("few names stay names; one too many makes values of them", () => {
  const tree = new PathTree(3);
  for (const name of names(3)) expect(tree.place(`/users/${name}`)).toBe(`/users/${name}`);
  expect(tree.folds).toBe(0);
  expect(tree.place("/users/other")).toBe("/users/{name}");
  expect(tree.folds).toBe(3);
  for (const name of names(3)) expect(tree.place(`/users/${name}`)).toBe("/users/{name}");
  expect(tree.find("/users/never")).toBe("/users/{name}");
  expect(tree.find("/posts")).toBeNull();
});

test("what has something below it stays, as long as that is enough", () => {
  const tree = new PathTree(3);
  tree.place("/api/a");
  for (const name of names(9)) tree.place(`/${name}`);
  expect(tree.place("/api/a")).toBe("/api/a");
  expect(tree.place("/n1")).toBe("/{name}");
  for (const name of names(9)) tree.place(`/${name}/posts`);
  expect(tree.place("/n1/posts")).toBe("/{name}/posts");
  expect(tree.place("/api/a")).toBe("/{name}/a");
});

test("what varies by its shape is apart, and fills nothing", () => {
  const tree = new PathTree(2);
  for (const path of ["/u/{id}", "/u/me", "/u/you", "/u/{id}/x", "/", "/u/"]) expect(tree.place(path)).toBe(path);
});

test("a template of another tree folds here too", () => {
  const tree = new PathTree(5);
  tree.place("/u/ada");
  tree.place("/u/ada/posts");
  expect(tree.place("/u/{name}")).toBe("/u/{name}");
  expect(tree.place("/u/ada")).toBe("/u/ada");
  expect(tree.place("/u/{name}/posts")).toBe("/u/{name}/posts");
  expect(tree.place("/u/ada/posts")).toBe("/u/{name}/posts");
});

test("whatever comes: bounded, and what was placed is found", () => {
  const segment = fc.constantFrom("a", "b", "c", "d", "e", "f", "{id}", "{name}", "");
  const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
  fc.assert(
    fc.property(fc.array(path, { maxLength: 60 }), (paths) => {
      const tree = new PathTree(3, 40);
      for (const one of paths) tree.place(one);
      const found = new Set(paths.map((one) => tree.find(one)));
      expect(found).not.toContain(null);
      for (const one of found) expect(tree.find(one ?? "")).toBe(one);
    }),
  );
});

test("a flood of paths makes no endless tree", () => {
  const tree = new PathTree(50, 500);
  const found = new Set<string>();
  for (let i = 0; i < 20_000; i++) tree.place(`/a${i % 40}/b${i % 37}/c${i % 41}/d${i}`);
  for (let i = 0; i < 20_000; i++) found.add(tree.place(`/a${i % 40}/b${i % 37}/c${i % 41}/d${i}`));
  expect(found.size).toBeLessThan(600);
});
