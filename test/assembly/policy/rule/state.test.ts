/** What is remembered of rules: by slot, by scope, for one request, and for the policy that it began with. */
import { expect, test } from "vitest";
import { Core } from "../../core.ts";
import { NOW, useObjects } from "../../policy-image.ts";
import { ask } from "../../requests.ts";

const core = new Core("checked");
const needs = (name: string, path: string) => ({ name, when: 'query.a == "x"', type: "rce", match: { path } });

test("rules of all scopes that fit are awake, on paths that are read in two ways those of both", () => {
  useObjects(core, {}, { rules: [needs("a", "/a/**"), needs("b", "/a/b"), needs("c", "/c"), needs("d", "/**")] });
  expect(ask(core, { now: NOW, target: "/a/b?a=x" }).line.match(/rule-\w/g)).toEqual(["rule-d", "rule-a", "rule-b"]);
  expect(
    ask(core, { now: NOW, target: "/x/../c?a=x" })
      .line.match(/rule-\w/g)
      ?.sort(),
  ).toEqual(["rule-c", "rule-d"]);
});

test("a request ends with the rules that it began with, and one whose policy is gone with none", () => {
  const when = 'body.contains("x")';
  useObjects(core, {}, { rules: [{ name: "old", when, type: "rce" }] });
  const handles = [core.begin("", NOW), core.begin("", NOW)];
  for (const handle of handles) {
    core.pairs("tx_head", handle, [
      [":method", "POST"],
      [":path", "/"],
      ["content-type", "text/plain"],
    ]);
  }
  const finish = (handle: number): string => {
    core.piece("tx_body", handle, Buffer.from("x"));
    core.end(handle);
    const line = core.line(handle);
    core.free(handle);
    return line;
  };
  useObjects(core, {}, { rules: [{ name: "new", when, type: "rce" }] });
  expect(finish(handles[0] ?? 0)).toContain("rule-old@post");
  useObjects(core, {}, {});
  useObjects(core, {}, { rules: [{ name: "newest", when, type: "rce" }] });
  expect(finish(handles[1] ?? 0)).toBe("pass");
});

test("a value that was harmless before is looked at again where a rule asks for it", () => {
  const asked = { now: NOW, fields: [["user-agent", "odd/1"] as const] };
  useObjects(core, {}, {});
  expect(ask(core, asked).line).toBe("pass");
  useObjects(
    core,
    {},
    { rules: [{ name: "r", when: 'point["header.USER-AGENT"].exists(v, v == "odd/1")', type: "scanner" }] },
  );
  expect(ask(core, asked).line).toContain("rule-r@header.USER-AGENT");
  expect(ask(core, asked).line).toContain("rule-r@header.USER-AGENT");
});

test("one bit of a value is enough for a rule, and no lexer sees it", () => {
  useObjects(core, {}, { rules: [{ name: "r", when: 'point["query.a"].exists(v, v == "\'")', type: "sqli" }] });
  expect(ask(core, { now: NOW, target: "/?a='" }).line.match(/[a-z-]+@/g)).toEqual(["rule-r@"]);
});
