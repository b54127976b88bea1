/** Texts: escapes are undone before anything is asked of them, and characters are counted, not bytes. */
import { expect, test } from "vitest";
import { Core } from "../../core.ts";
import { found, hold } from "./held.ts";

const core = new Core("checked");

test.each<[schema: object, right: readonly string[], wrong: readonly string[]]>([
  [
    { const: 'a"\\/\b\f\n\r\tä😀' },
    [String.raw`a\"\\\/\b\f\n\r\t\u00E4\uD83d\uDE00`, String.raw`\u0061\"\\/\b\f\n\r\tä😀`],
    ["a"],
  ],
  [{ maxLength: 2, minLength: 2 }, ["ää", "😀a", String.raw`\ud83d\ude00\n`, String.raw`\ud83da`], ["ä", "😀", "aaa"]],
  [{ maxLength: 1 }, [String.raw`\ud83d`, ""], [String.raw`\ud83d\ud83d`, String.raw`\ude00\ud83d`]],
  [{ pattern: "^a.c$", maxLength: 3 }, ["abc", "aäc", String.raw`a\u0062c`], ["ac", "abcd", String.raw`a\nc`]],
  [{ pattern: "^[a-z]+$", format: "uuid" }, [], ["00000000-0000-0000-0000-000000000000", "abc"]],
  [{ pattern: "x", enum: ["ax", "b", 7] }, ["ax"], ["b", "x"]],
])("%j", (schema, right, wrong) => {
  expect(hold(core, schema)).toEqual([]);
  for (const [texts, expected] of [
    [right, []],
    [wrong, ["invalid-field@post.json_doc"]],
  ] as const) {
    for (const text of texts) {
      expect(found(core, `"${text}"`), text).toEqual(expected);
      const bytes = [...Buffer.from(`"${text}"`, "utf8")].map((byte) => Uint8Array.of(byte));
      expect(found(core, bytes), text).toEqual(expected);
    }
  }
});

test.each([String.raw`"\x"`, String.raw`"\u12g4"`, String.raw`"\u12"`, String.raw`"\'"`, '"a\nb"', '"a', '"\\', "'a'"])(
  "%j is no text",
  (text) => {
    hold(core, { type: "string" });
    expect(found(core, text)).toEqual(["invalid-body@post"]);
  },
);
