/** Which parts of a request SecLang's variables stand for, and which have no counterpart. */
import { expect, test } from "vitest";
import { variablesOf } from "../../../../hosts/policy/seclang/rule-text.ts";
import { targetsOf } from "../../../../hosts/policy/seclang/targets.ts";

const textOf = (text: string, decodes = false, isAnchored = false): string[] =>
  targetsOf(variablesOf(text), { decodes, isAnchored }).targets.map((target) =>
    target.kind === "text" ? target.subject : target.pattern,
  );

test.each([
  ["ARGS", ["query.**", "post.**"]],
  ["ARGS:a.b", ["query.a\\.b", "post.form_urlencoded.a\\.b", "post.multipart.a\\.b"]],
  [
    "ARGS:json.a.b",
    [
      "query.json\\.a\\.b",
      "post.form_urlencoded.json\\.a\\.b",
      "post.multipart.json\\.a\\.b",
      "post.json_doc.hash.a.hash.b",
    ],
  ],
  ["ARGS_GET:x|REQUEST_COOKIES:y", ['query["x"]', 'cookie["y"]']],
  ["REQUEST_HEADERS:User-Agent|REQUEST_HEADERS:Host", ['header["user-agent"]', "host"]],
  ["REQUEST_URI", ["path", "query.**"]],
  ["XML:/*|XML://@*|ARGS_NAMES", ["post.xml.**"]],
])("%s is %j", (text, expected) => {
  expect(textOf(text)).toEqual(expected);
});

test("what is decoded is asked in every reading, and what is anchored of the path alone", () => {
  expect(textOf("REQUEST_HEADERS:X-A", true)).toEqual(["header.X-A"]);
  expect(textOf("REQUEST_URI", false, true)).toEqual(["path"]);
});

test("what is left out is told, and makes the rule wider", () => {
  const { isWider, notes } = targetsOf(variablesOf("ARGS|!ARGS:pw"), { decodes: false, isAnchored: false });
  expect([isWider, notes]).toEqual([true, ["!ARGS:pw is looked at, too: a rule leaves no value out"]]);
});

test.each([
  ["TX:0", "rules keep no variables"],
  ["IP:x", "use a rate limit"],
  ["RESPONSE_BODY", "look for leaks in responses"],
  ["ARGS:/x/", "names by a pattern"],
  ["REQUEST_HEADERS:Content-Length", "frame a message"],
  ["ARGS_NAMES", "rules see values"],
  ["__proto__", "rules cannot ask it"],
  ["CONSTRUCTOR", "rules cannot ask it"],
])("%s has no counterpart", (text, why) => {
  expect(() => textOf(text)).toThrow(why);
});
