/** Rules in the core: what fits is found at its point, what only looks like it is not, and modes and dates count. */
import { describe, expect, test } from "vitest";
import { Core } from "../../core.ts";
import { NOW, type Objects, type RuleSettings, useObjects } from "../../policy-image.ts";
import { type Asked, ask } from "../../requests.ts";

const core = new Core("checked");
const FORM = "application/x-www-form-urlencoded";

function lineOf(rule: Partial<RuleSettings>, asked: Asked, mode: "off" | "monitoring" | "block" = "block"): string {
  const objects: Objects = { rules: [{ name: "r", when: "false", type: "rce", ...rule }] };
  useObjects(core, { mode }, objects);
  return ask(core, { now: NOW, ...asked }).line;
}

/** What is done, what the candidate would do, and the line. */
function decisionOf(asked: Asked): { action: number; shadow: number; line: string } {
  const { record, line } = ask(core, { now: NOW, ...asked });
  const field = (name: string): number => record.readUInt32LE(core.number(name));
  return { action: field("RESULT_ACTION"), shadow: field("RESULT_SHADOW"), line };
}

const json = (body: string): Asked => ({ method: "POST", target: "/a", type: "application/json", body });

const ROWS: readonly { when: string; fits: Asked; point: string; not: Asked }[] = [
  { when: 'method == "PURGE"', fits: { method: "PURGE", target: "/a" }, point: "uri", not: { target: "/a" } },
  {
    when: 'host == "a.x"',
    fits: { target: "/", authority: "A.X:8443" },
    point: "uri",
    not: { target: "/", authority: "b.x" },
  },
  { when: 'path == "/a b"', fits: { target: "/a%20b?q" }, point: "uri", not: { target: "/a+b" } },
  { when: 'path.matches("^/(x|y)/[0-9]+$")', fits: { target: "/y/12" }, point: "uri", not: { target: "/y/12a" } },
  { when: 'query["a"] == "1 2"', fits: { target: "/?b=0&a=1+2" }, point: "uri", not: { target: "/?a=1%2B2" } },
  { when: 'query.a.contains("x")', fits: { target: "/?a=1&%61=x" }, point: "uri", not: { target: "/?b=x" } },
  { when: 'query.a == "1,2"', fits: { target: "/?a=1&a=2" }, point: "uri", not: { target: "/?a=1,2&a=3" } },
  { when: "has(query.debug)", fits: { target: "/?debug" }, point: "uri", not: { target: "/?debugs=1" } },
  {
    when: 'header["Next-Action"] != ""',
    fits: { target: "/", fields: [["NEXT-ACTION", "1"]] },
    point: "uri",
    not: { target: "/" },
  },
  {
    when: 'header["x-a"] == "1,2"',
    fits: {
      target: "/",
      fields: [
        ["x-a", "1"],
        ["X-A", "2"],
      ],
    },
    point: "uri",
    not: { target: "/", fields: [["x-a", "1"]] },
  },
  {
    when: 'cookie.sid.lowerAscii().startsWith("ab")',
    fits: { target: "/", fields: [["cookie", "t=1; sid=A%42c"]] },
    point: "uri",
    not: { target: "/", fields: [["cookie", "t=1; xsid=ab"]] },
  },
  {
    when: "size(query.a) > 2",
    fits: { target: "/?a=%C3%A4%C3%B6%C3%BC" },
    point: "uri",
    not: { target: "/?a=%C3%A4%C3%B6" },
  },
  { when: 'ip in cidr("192.0.2.0/24")', fits: { target: "/" }, point: "uri", not: { target: "/", peer: "192.0.3.1" } },
  { when: 'ip == "2001:db8::1"', fits: { target: "/", peer: "2001:db8::1" }, point: "uri", not: { target: "/" } },
  {
    when: 'now < timestamp("2027-01-15T08:00:01Z")',
    fits: { target: "/" },
    point: "uri",
    not: { target: "/", now: NOW + 1 },
  },
  {
    when: 'body.contains("constructor")',
    fits: { method: "POST", target: "/", type: "text/plain", body: "a constructor" },
    point: "post",
    not: { method: "POST", target: "/", type: "text/plain", body: "a construct or" },
  },
  {
    when: '!body.matches("token=[0-9]+") && method == "POST"',
    fits: { method: "POST", target: "/", type: FORM, body: "a=1" },
    point: "post",
    not: { method: "POST", target: "/", type: FORM, body: "a=1&token=22" },
  },
  {
    when: 'point["post.json_doc.hash.q"].exists(v, v == "x")',
    fits: json('{"p":1,"q":"\\u0078"}'),
    point: "post.json_doc.hash.q",
    not: json('{"p":"x","q":"y"}'),
  },
  {
    when: 'point["query.**"].exists(v, v.startsWith("rO0") || v.contains("__proto"))',
    fits: { target: "/?a=1&b=%5F_proto" },
    point: "query.b",
    not: { target: "/?a=arO0", fields: [["x-a", "__proto"]] },
  },
  {
    when: 'point["header.USER-AGENT"].exists(v, v.matches("(?i)sqlmap")) && path == "/"',
    fits: { target: "/", fields: [["user-agent", "SqlMap/1"]] },
    point: "header.USER-AGENT",
    not: { target: "/x", fields: [["user-agent", "SqlMap/1"]] },
  },
  {
    when: 'method == "POST" && point["post.**"].all(v, v != "ok")',
    fits: { method: "POST", target: "/", type: FORM, body: "a=no" },
    point: "post",
    not: { method: "POST", target: "/", type: FORM, body: "a=ok" },
  },
];

describe.each(ROWS)("$when", ({ when, fits, point, not }) => {
  test("is found where it is", () => {
    expect(lineOf({ when }, fits)).toMatch(new RegExp(`^block (?:[^;]+; )*rule-r@${point.replaceAll(".", "\\.")} raw`));
  });

  test("is not found elsewhere", () => {
    expect(lineOf({ when }, not)).not.toContain("rule-r");
  });
});

describe("a rule", () => {
  const when = 'query["a"] == "x"';
  const fits: Asked = { target: "/p?a=x" };

  test.each([
    { said: {}, mode: "monitoring", action: 0 },
    { said: {}, mode: "block", action: 1 },
    { said: { kind: "vpatch" }, mode: "monitoring", action: 1 },
    { said: { kind: "vpatch" }, mode: "block", action: 1 },
    { said: { kind: "vpatch" }, mode: "off", action: 0 },
    { said: { kind: "vpatch", action: "report" }, mode: "block", action: 0 },
    { said: { experimental: true }, mode: "block", action: 0 },
    { said: { match: { path: "/p" } }, mode: "block", action: 1 },
    { said: { match: { path: "/q" } }, mode: "block", action: 0 },
    { said: { match: { method: "POST" } }, mode: "block", action: 0 },
    { said: { expiresAt: "2027-01-15T08:00:01Z" }, mode: "block", action: 1 },
    { said: { expiresAt: "2027-01-15T08:00:00Z" }, mode: "block", action: 0 },
  ] as const)("$said in mode $mode gives $action", ({ said, mode, action }) => {
    useObjects(core, { mode }, { rules: [{ name: "r", when, type: "rce", ...said }] });
    expect(decisionOf(fits).action).toBe(action);
  });

  test("that an exception names is found and does not count", () => {
    const exceptions = [{ match: { path: "/p" }, ignore: { stamps: ["rule-r"] } }];
    useObjects(core, { mode: "block" }, { rules: [{ name: "r", when, type: "rce" }], exceptions });
    expect(decisionOf(fits)).toMatchObject({ action: 0, line: expect.stringContaining("rule-r@uri") });
    expect(decisionOf({ target: "/q?a=x" })).toMatchObject({ action: 1 });
  });

  test("that disable.stamps names is found and does not count", () => {
    useObjects(core, { mode: "block", disable: { stamps: ["rule-r"] } }, { rules: [{ name: "r", when, type: "rce" }] });
    expect(decisionOf(fits)).toMatchObject({ action: 0, line: expect.stringContaining("rule-r@uri") });
  });

  test("of the candidate decides for the shadow slot alone", () => {
    useObjects(core, { mode: "block" }, {});
    useObjects(core, { mode: "block" }, { rules: [{ name: "r", when, type: "rce" }] }, "shadow");
    expect(decisionOf(fits)).toMatchObject({ action: 0, shadow: 1, line: "pass" });
    core.call("policy_clear")(1);
  });

  test("that is asked of every value leaves lexers their work", () => {
    const conditions = Array.from({ length: 60 }, (_, at) => `v.contains("needle${at}")`).join(" || ");
    const rules = [{ name: "r", when: `point["**"].exists(v, ${conditions})`, type: "rce" }];
    useObjects(core, { mode: "block" }, { rules });
    const values = Array.from({ length: 3000 }, (_, at) => `"k${at}":"some value ${at}"`).join(",");
    const asked: Asked = { method: "POST", target: "/", type: "application/json", body: `{${values}}` };
    expect(ask(core, { now: NOW, ...asked })).toMatchObject({ line: "pass", limits: [] });
  });

  test("that would take too much work of a head is told, and the request stopped as the policy says", () => {
    const rules = Array.from({ length: 200 }, (_, at) => {
      return { name: `r${at}`, when: `query["a"].contains("needle${at}")`, type: "rce" };
    });
    useObjects(core, { mode: "block" }, { rules });
    const asked = { now: NOW, target: `/?a=${"a".repeat(100_000)}` };
    expect(ask(core, asked)).toMatchObject({ limits: expect.arrayContaining(["fuel"]) });
    expect(ask(core, { now: NOW, target: `/?a=${"a".repeat(4000)}` })).toMatchObject({ line: "pass", limits: [] });
  });

  test("takes its block with it", () => {
    const before = core.call("blocks_used")();
    lineOf({ when }, fits);
    expect(core.call("blocks_used")()).toBe(before);
  });
});

describe("a threshold", () => {
  const limit = { requests: 1, per: "1m" };
  const [a, last] = ["a", "last"].map((name) => ({ name, match: { path: `/${name}` }, limit }));
  const others = Array.from({ length: 61 }, (_, at) => ({ name: `n${at}`, match: { path: "/other" }, limit }));
  const body = { name: "body", when: 'body.contains("x")', limit };
  const objects: Objects = { thresholds: [a, body, ...others, last].flatMap((one) => one ?? []) };

  function counted(asked: Asked, mode: "off" | "block" = "block"): { bits: bigint; line: string } {
    useObjects(core, { mode }, objects);
    useObjects(core, { mode }, objects, "shadow");
    const { record, line } = ask(core, { now: NOW, ...asked });
    return { bits: record.readBigUInt64LE(core.number("RESULT_COUNTED")), line };
  }

  test("is told by its number, and finds nothing", () => {
    const { bits, line } = counted({ target: "/a" });
    expect(bits).toBe(1n);
    expect(line).toBe(counted({ target: "/none" }).line);
    expect(counted({ target: "/last" }).bits).toBe(1n << 63n);
    expect(counted({ target: "/other" }).bits).toBe(((1n << 61n) - 1n) << 2n);
  });

  test("knows the body at its end, and a path that servers read in two ways", () => {
    expect(counted(json('"yxy"')).bits).toBe(0b11n);
    expect(counted({ target: "/x/../a" }).bits).toBe(1n);
  });

  test("counts nothing where nothing is inspected", () => {
    expect(counted({ target: "/a" }, "off").bits).toBe(0n);
  });
});
