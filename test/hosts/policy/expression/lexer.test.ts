/** Words of expressions: what they mean, and where they begin and end. */
import { expect, test } from "vitest";
import { tokensOf } from "../../../../hosts/policy/expression/lexer.ts";

test.each([
  ["a<=b", ["name a", "sign <=", "name b"]],
  ["!a&&b", ["sign !", "name a", "sign &&", "name b"]],
  ["0x1F + 007", ["int 31", "sign +", "int 7"]],
  ["'a\"b' // rest\n c", ['string a"b', "name c"]],
  [String.raw`r'\d' + "\u00e9\x41\101"`, [String.raw`string \d`, "sign +", "string éAA"]],
  ["'''a'b\n'''", ["string a'b\n"]],
  ["a.b[1]", ["name a", "sign .", "name b", "sign [", "int 1", "sign ]"]],
])("%j", (text, words) => {
  const tokens = tokensOf(text);
  expect(tokens.slice(0, -1).map(({ kind, text: word }) => `${kind} ${word}`)).toEqual(words);
  expect(tokens.at(-1)).toMatchObject({ kind: "end", at: text.length });
  for (const { at, end } of tokens) expect(at).toBeLessThanOrEqual(end);
});

test.each([
  ["'a", 0, "never closed"],
  ["'a\nb'", 0, "never closed"],
  ["a ; b", 2, "means nothing"],
  ["1.5", 0, "whole"],
  ["1u", 0, "whole"],
  ["1e3", 0, "whole"],
  [String.raw`'\777'`, 1, "no escape"],
  [String.raw`'\ud800'`, 1, "no escape"],
  ["b'a'", 0, "bytes"],
])("%j is refused at %i: %s", (text, at, why) => {
  expect(() => tokensOf(text)).toThrow(expect.objectContaining({ at, message: expect.stringContaining(why) }));
});
