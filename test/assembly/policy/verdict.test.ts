/** From matches to verdicts: severities, exceptions, two slots, and the moment at which a verdict is final. */
import { beforeEach, describe, expect, test } from "vitest";
import { Core, STATUS } from "../core.ts";
import { usePolicy } from "../policy-image.ts";
import { ATTACK, ask, type Given } from "../requests.ts";

let core: Core;

beforeEach(() => {
  core = new Core("checked");
});

const NONE = 2;
const CATALOG = new Core("test")
  .text(0)
  .trimEnd()
  .split("\n")
  .map((row) => row.split("\t"));

function field(given: Given, name: string): number {
  return given.record.readUInt32LE(core.number(name));
}

test("severities are those of the catalog, by number", () => {
  const inner = new Core("test");
  expect(CATALOG.length).toBeGreaterThan(5);
  for (const [index, [, , , severity]] of CATALOG.entries()) {
    expect(inner.call("severityOf")(index + 1)).toBe(Number(severity));
  }
});

describe("a stamp that is disabled", () => {
  const target = `/?a=${ATTACK}`;
  const stamps = (given: Given): string[] => [...given.line.matchAll(/ ([a-z0-9-]+)@/g)].map(([, stamp = ""]) => stamp);

  test("does not count, but is told", () => {
    usePolicy(core, { mode: "block" });
    const before = ask(core, { target });
    expect(before.statuses.at(-1)).toBe(STATUS.block);
    usePolicy(core, { mode: "block", disable: { stamps: stamps(before) } });
    const after = ask(core, { target });
    expect(after.statuses.at(-1)).toBe(STATUS.pass);
    expect(stamps(after)).toEqual(stamps(before));
    expect(after.line).toMatch(/^pass /);
  });

  test("does not cover others", () => {
    usePolicy(core, { mode: "block", disable: { stamps: ["xss-script", "no-such-stamp"] } });
    expect(ask(core, { target }).statuses.at(-1)).toBe(STATUS.block);
  });
});

describe("the shadow", () => {
  test("is silent while there is none", () => {
    expect(field(ask(core, { target: `/?a=${ATTACK}` }), "RESULT_SHADOW")).toBe(NONE);
  });

  test("says what it would do, and does nothing", () => {
    usePolicy(core, { mode: "block" }, "shadow");
    const given = ask(core, { target: `/?a=${ATTACK}` });
    expect([field(given, "RESULT_SHADOW"), field(given, "RESULT_ACTION")]).toEqual([1, 0]);
    expect(field(ask(core, {}), "RESULT_SHADOW")).toBe(0);
    core.call("policy_clear")(1);
    expect(field(ask(core, { target: `/?a=${ATTACK}` }), "RESULT_SHADOW")).toBe(NONE);
  });

  test("goes on looking where the active one has decided", () => {
    const body = `a=${ATTACK}&b=${"x".repeat(20_000)}&c=<script>alert(1)</script>`;
    const asked = { method: "POST", type: "application/x-www-form-urlencoded", body };
    usePolicy(core, { mode: "block" });
    const alone = ask(core, asked);
    const disabled = [...alone.line.matchAll(/ ([a-z0-9-]+)@/g)].map(([, stamp = ""]) => stamp);
    usePolicy(core, { mode: "block", disable: { stamps: disabled } }, "shadow");
    const both = ask(core, asked);
    expect(both.line.startsWith(alone.line)).toBe(true);
    expect(both.points).toContain("post.form_urlencoded.c");
    expect(field(both, "RESULT_SHADOW")).toBe(1);
  });
});

describe("a verdict", () => {
  const first = `a=${ATTACK}`;
  const attack = "<script>alert(1)</script>";

  test("is final at the first decision that blocks: each piece answers so from there on", () => {
    usePolicy(core, { mode: "block" });
    const handle = core.begin();
    expect(core.pairs("tx_head", handle, [["content-type", "application/x-www-form-urlencoded"]])).toBe(STATUS.pass);
    expect(core.piece("tx_body", handle, Buffer.from(`${first}&b=`))).toBe(STATUS.pass);
    expect(core.piece("tx_body", handle, Buffer.alloc(16_384, 0x78))).toBe(STATUS.block);
    const line = core.line(handle);
    expect(core.piece("tx_body", handle, Buffer.from(`&c=${attack}`))).toBe(STATUS.block);
    expect(core.end(handle)).toBe(STATUS.block);
    expect(core.line(handle)).toBe(line);
  });

  test("of the head comes before any body", () => {
    usePolicy(core, { mode: "block" });
    const handle = core.begin();
    expect(core.pairs("tx_head", handle, [[":path", `/?a=${ATTACK}`]])).toBe(STATUS.block);
  });

  test("holds at most so many matches; the others are counted", () => {
    const most = core.number("MATCHES_MAX");
    const pairs = Array.from({ length: most + 5 }, (_, index) => `p${index}=${ATTACK}`).join("&");
    const given = ask(core, { target: `/?${pairs}` });
    expect(field(given, "RESULT_MATCHES")).toBe(most);
    expect(field(given, "RESULT_MATCHES_DROPPED")).toBeGreaterThanOrEqual(5);
  });
});

test("mode off looks at nothing, unless a shadow does", () => {
  usePolicy(core, { mode: "off" });
  expect(ask(core, { target: `/?a=${ATTACK}` }).line).toBe("pass");
  usePolicy(core, { mode: "block" }, "shadow");
  expect(ask(core, { target: `/?a=${ATTACK}` }).points).toEqual(["query.a"]);
});

describe("an incident", () => {
  const LEAK = "root:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/sbin/nologin\n";

  /** Whether the request and what came back are an incident. */
  function isIncident(target: string, response: string): boolean {
    const handle = core.begin();
    core.pairs("tx_head", handle, [
      [":method", "GET"],
      [":path", target],
    ]);
    core.end(handle);
    core.pairs("tx_response_head", handle, [[":status", "200"]]);
    core.piece("tx_response_body", handle, Buffer.from(response, "latin1"));
    core.call("tx_response_end")(handle);
    const record = core.record(handle);
    core.free(handle);
    return record.readUInt32LE(core.number("RESULT_INCIDENT")) === 1;
  }

  test("is an attack and a leak together, in any mode that looks", () => {
    expect(isIncident("/?f=../../../../etc/passwd", LEAK)).toBe(true);
    expect(isIncident("/?f=../../../../etc/passwd", "not found")).toBe(false);
    expect(isIncident("/?f=accounts", LEAK)).toBe(false);
    expect(isIncident("/?f=accounts", "not found")).toBe(false);
  });

  test("is none where the policy does not count the attack", () => {
    const given = ask(core, { target: "/?f=../../../../etc/passwd" });
    const stamps = [...given.line.matchAll(/ ([a-z0-9-]+)@/g)].map(([, stamp = ""]) => stamp);
    usePolicy(core, { mode: "monitoring", disable: { stamps } });
    expect(isIncident("/?f=../../../../etc/passwd", LEAK)).toBe(false);
  });
});
