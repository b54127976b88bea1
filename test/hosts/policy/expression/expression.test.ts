/** Expressions: cases of CEL itself, values of requests, and errors that name the column, the word and the fix. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import {
  compileExpression,
  compileValue,
  type Plain,
  type Schema,
} from "../../../../hosts/policy/expression/expression.ts";
import { RECORD_VARIABLES } from "../../../../hosts/policy/expression/variables.ts";

const conformanceSchema = z.array(
  z.strictObject({
    file: z.string(),
    section: z.string(),
    cases: z.array(
      z.union([
        z.strictObject({ expression: z.string(), gives: z.union([z.boolean(), z.int(), z.string()]) }),
        z.strictObject({ expression: z.string(), fails: z.literal(true) }),
      ]),
    ),
  }),
);
const CONFORMANCE = conformanceSchema.parse(
  parse(readFileSync(new URL("../../../data/policy/cel-conformance.yaml", import.meta.url), "utf8")),
);
const NOTHING: Schema = {};

describe.each(CONFORMANCE)("CEL's cases of $file, $section:", ({ cases }) => {
  test.each(cases)("$expression", (one) => {
    const value = (): unknown => compileValue(one.expression, NOTHING).evaluate({});
    if ("fails" in one) expect(value).toThrow(expect.objectContaining({ code: "MERLON_EXPRESSION" }));
    else expect(value()).toBe(typeof one.gives === "number" ? BigInt(one.gives) : one.gives);
  });
});

const REQUEST: Readonly<Record<string, Plain>> = {
  method: "POST",
  host: "shop.example",
  path: "/api/orders/7",
  query: { id: "1 or 1=1", page: "2" },
  header: { "user-agent": "curl/8", accept: "*/*" },
  body: '{"q":"constructor"}',
  point: new Map([["post.**", ["constructor", "x"]]]),
  ip: "203.0.113.7",
  country: "DE",
  asn: 64_500,
  type: ["sqli", "xss"],
  status: 403,
  action: "blocked",
  ts: "2026-11-21T10:00:00Z",
  now: new Date("2026-11-21T12:00:00Z"),
};

describe("of a request", () => {
  test.each([
    ['method == "POST" && path.startsWith("/api")', true],
    ['path.matches("^/api/orders/[0-9]+$")', true],
    ['query["id"].contains("or 1=1")', true],
    ['query.page == "2"', true],
    ['query["missing"] == ""', true],
    ['has(query.missing) || "missing" in query', false],
    ['header["User-Agent"].lowerAscii().startsWith("CURL".lowerAscii())', true],
    ['has(header["X-Absent"])', false],
    ['header.exists(name, name == "accept")', true],
    ['point["post.**"].exists(v, v.contains("construct"))', true],
    ['point["query.**"].exists(v, v != "")', false],
    ['point["query.**"].all(v, v == "")', true],
    ['ip in cidr("203.0.113.0/24")', true],
    ['!(ip in "10.0.0.0/8")', true],
    ['ip in ["10.0.0.0/8", "203.0.113.7"]', true],
    ['ip in [cidr("10.0.0.0/8")]', false],
    ['ip == "203.0.113.7" && ip.family() == 4', true],
    ['cidr("::/0").containsIP(ip)', false],
    ['country in ["DE", "FR"] && asn != 64501', true],
    ['type == "sqli" && type != "rce"', true],
    ['"xss" in type', true],
    ["status >= 400 && size(type) == 2", true],
    ['ts > now - duration("24h")', true],
    ['now - ts < duration("1h30m")', false],
    ['timestamp("2026-11-21T11:00:00+01:00") == ts', true],
    ['app == ""', true],
    ['body.contains("constructor") // a comment', true],
    ['(status == 403 ? method : host) == "POST"', true],
  ])("%s is %s", (text, value) => {
    expect(compileExpression(text, RECORD_VARIABLES).evaluate(REQUEST)).toBe(value);
  });

  test("an address that is not known is in no network and equals none", () => {
    const text = 'ip in "0.0.0.0/0" || ip in "::/0" || ip == "0.0.0.0" || ip == ip';
    expect(compileExpression(text, RECORD_VARIABLES).evaluate({ ip: "unix:" })).toBe(false);
  });
});

describe("an error names the column, what was meant and the fix:", () => {
  test.each([
    ['pth == "/"', "column 1", 'did you mean "path"?'],
    ['method == "POST" &&\n  hots == "a"', "line 2, column 3", 'did you mean "host"?'],
    ['path.startWith("/a")', "column 6", 'did you mean "startsWith"?'],
    ['startsWith(path, "/a")', "column 1", "value.startsWith"],
    ["path == BERLIN", "column 9", 'put text in quotes: "BERLIN"'],
    ['method = "POST"', "column 8", "write =="],
    ['method == "POST" & true', "column 18", "write &&"],
    ['method == "POST', "column 11", "is never closed"],
    ['(method == "POST"', "column 1", 'add ")"'],
    ['path.matches("(?=a)")', "column 14", "no linear matcher"],
    ["path.matches(method)", "column 14", "write it out"],
    ['path.matches("(a")', "column 14", "never closed"],
    ['ts > "2026-01-01"', "column 4", 'write timestamp("2027-02-01T00:00:00Z")'],
    ['now - ts > "24h"', "column 10", 'write duration("24h")'],
    ['status == "403"', "column 8", "without quotes"],
    ['header == "a"', "column 8", "say which"],
    ['ip in "10.0.0.1/8"', "column 7", "beyond its prefix"],
    ['ip == "10.0.0"', "column 7", "no address"],
    ['timestamp("yesterday")', "column 11", "no time"],
    ['duration("7d") < duration("1h")', "column 10", "24h"],
    ["path", "column 1", "no condition"],
    ["", "column 1", "is empty"],
    ["size(path)", "column 1", "no condition"],
    ["1.5 < 2", "column 1", "whole"],
    ["9223372036854775808 > 0", "column 1", "64 bits"],
    ['{"a": 1}.a == 1', "column 1", "maps cannot be written"],
    ['[1, "a"] == [1]', "column 5", "one type"],
    ['header["accept"].exists(v, v == "")', "column 18", "has none"],
    ['type.exists(path, path == "")', "column 13", "another name"],
    ["type.exists_one(t, true)", "column 6", "write exists"],
    ["int(ts) == 1", "column 1", "not supported"],
    ["has(path)", "column 1", "write has(header.accept)"],
    ["null == path", "column 1", "nothing is null"],
    ["query[path] == method", "column 7", "no name"],
    ['"a" in "abc"', "column 5", "write contains"],
    [`${"(".repeat(80)}true${")".repeat(80)}`, "column 65", "deeper"],
    [`path == "${"a".repeat(9000)}"`, "column 1", "too long"],
    ['point["**"].exists(a, point["**"].exists(b, a == b))', "column 13", "costs too much"],
    ['path == "\\q"', "column 10", "no escape"],
    ['path == b"a"', "column 9", "delete the b"],
    ["path == 'ä' && pth == ''", "column 16", 'did you mean "path"?'],
    ["method ==", "column 10", "the end is no value"],
    ['method == "a" "b"', "column 15", "join conditions"],
    ["path.[0]", "column 6", "is no name"],
  ])("%s", (text, place, fix) => {
    const compile = (): unknown => compileExpression(text, RECORD_VARIABLES);
    expect(compile).toThrow(
      expect.objectContaining({ message: expect.stringMatching(new RegExp(`^${place}: .+ — .+`, "s")) }),
    );
    expect(compile).toThrow(expect.objectContaining({ message: expect.stringContaining(fix) }));
  });
});
