/** SecLang's outer form: lines, quotes, comments and included files. */
import { expect, test } from "vitest";
import { directivesOf, readDirectives } from "../../../../hosts/policy/seclang/directives.ts";

test.each([
  ["SecRule ARGS x", [[1, "SecRule", "ARGS", "x"]]],
  ["\n  SecRule ARGS \"a b\" 'c d'", [[2, "SecRule", "ARGS", "a b", "c d"]]],
  [
    'SecRule ARGS \\\n  "a \\"b\\" \\d" \\\n  "id:1"\nSecMarker X',
    [
      [1, "SecRule", "ARGS", 'a "b" \\d', "id:1"],
      [4, "SecMarker", "X"],
    ],
  ],
  ["# SecRule ARGS x \\\n goes on\r\nSecAction `id:1`", [[3, "SecAction", "id:1"]]],
  ["\uFEFFSecMarker X", [[1, "SecMarker", "X"]]],
])("%j is read", (text, expected) => {
  expect(directivesOf(text, "a.conf").map(({ line, name, args }) => [line, name, ...args])).toEqual(expected);
});

test("a quote that never ends is told with its place", () => {
  expect(() => directivesOf('SecMarker A\nSecRule ARGS "x', "a.conf")).toThrow(
    "a.conf:2: the directive cannot be read",
  );
});

const texts: Readonly<Record<string, string>> = { "a.conf": "Include b.conf\nSecMarker A", "b.conf": "SecMarker B" };
const sources = (of: Readonly<Record<string, string>>) => ({
  read: (path: string) => Promise.resolve(of[path] ?? ""),
  find: (pattern: string) => Promise.resolve([pattern]),
});

test("included files stand where they are included, and cannot include each other for ever", async () => {
  const found = await readDirectives(["a.conf"], sources(texts));
  expect(found.map(({ file, args }) => `${file} ${args.join()}`)).toEqual(["b.conf B", "a.conf A"]);
  await expect(readDirectives(["a.conf"], sources({ "a.conf": "Include a.conf" }))).rejects.toThrow("too deeply");
});
