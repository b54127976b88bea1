/** Exceptions: each lets exactly its finding pass, at its point, for its requests, until its date. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { type ExceptionSettings, NOW, useObjects, usePolicy } from "../policy-image.ts";
import { type Asked, ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const SCRIPT = "%3Cscript%3Ealert(1)%3C/script%3E";

/** The stamps that a request shows, with the points where they are. */
function findingsOf(asked: Asked): string[] {
  return [...ask(core, { now: NOW, ...asked }).line.matchAll(/ ([a-z0-9-]+@\S+)/g)].map(([, finding = ""]) => finding);
}

function blocks(asked: Asked, ...exceptions: ExceptionSettings[]): boolean {
  useObjects(core, { mode: "block" }, { exceptions });
  return ask(core, { now: NOW, ...asked }).line.startsWith("block");
}

usePolicy(core, { mode: "block" });
const [STAMP = ""] = (findingsOf({ target: `/?a=${ATTACK}` })[0] ?? "").split("@");
const ignore = { stamps: [STAMP] };

test("the attack of these tests is one finding at one point", () => {
  expect(findingsOf({ target: `/?a=${ATTACK}` })).toEqual([`${STAMP}@query.a`]);
});

describe("an exception by", () => {
  const asked = { target: `/x?a=${ATTACK}` };
  const neighbours: readonly Asked[] = [
    { target: `/x?b=${ATTACK}` },
    { target: `/y?a=${ATTACK}` },
    { target: `/x?a=${SCRIPT}` },
    { target: "/x", fields: [["x-a", ATTACK]] },
    { target: "/x", method: "POST", type: "application/x-www-form-urlencoded", body: `a=${ATTACK}` },
  ];
  const rows: readonly [why: string, exception: ExceptionSettings][] = [
    ["stamp", { match: { path: "/x", point: "query.a" }, ignore }],
    ["type", { match: { path: "/x", point: "query.a" }, ignore: { types: ["ptrav"] } }],
  ];

  test.each(rows)("%s takes out its finding and no neighbour's", (_why, exception) => {
    expect(blocks(asked)).toBe(true);
    expect(blocks(asked, exception)).toBe(false);
    expect(findingsOf(asked)).toEqual([`${STAMP}@query.a`]);
    for (const neighbour of neighbours) expect(blocks(neighbour, exception), JSON.stringify(neighbour)).toBe(true);
    // Undone, all is as before.
    expect(blocks(asked)).toBe(true);
  });

  test("all takes out whatever is at its point", () => {
    const exception = { match: { path: "/x", point: "query.a" }, ignore: { all: true } };
    expect(blocks(asked, exception)).toBe(false);
    expect(blocks({ target: `/x?a=${SCRIPT}` }, exception)).toBe(false);
    expect(blocks({ target: `/x?b=${SCRIPT}` }, exception)).toBe(true);
    expect(blocks({ target: `/x?a=1&a%00=${SCRIPT}` }, exception)).toBe(true);
  });

  test("host and method", () => {
    const exception = { match: { host: "shop.example", method: "POST" }, ignore };
    expect(blocks({ ...asked, method: "POST" }, exception)).toBe(false);
    expect(blocks({ ...asked, method: "PUT" }, exception)).toBe(true);
    expect(blocks({ ...asked, method: "POST", authority: "other.example" }, exception)).toBe(true);
  });
});

test.each([
  ["query.a", "a", true],
  ["query.A", "a", false],
  ["query.*", "a", true],
  ["query.**", "a", true],
  ["**", "a", true],
  ["**.a", "a", true],
  ["query.**.a", "a", true],
  ["query.a.**", "a", true],
  ["query", "a", false],
  ["query.a.*", "a", false],
  ["query.*.a", "a", false],
  ["*", "a", false],
  ["query.ab", "a", false],
  ["query.a", "ab", false],
  ["query.a\\.b", "a.b", true],
  ["query.*", "a.b", true],
  ["query.a.b", "a.b", false],
  ["query.*.*", "a.b", false],
])("the point %s and a parameter %s: %s", (point, name, fits) => {
  expect(blocks({ target: `/?${name}=${ATTACK}` }, { match: { point }, ignore })).toBe(!fits);
});

describe("an exception ends at its date:", () => {
  const exception = { ignore, expiresAt: new Date(NOW * 1000).toISOString() };
  test.each([
    [NOW - 1, false],
    [NOW, true],
    [NOW + 1, true],
    // A host that has no clock lets none pass.
    [0, true],
  ])("at %i it blocks: %s", (now, blocked) => {
    expect(blocks({ target: `/?a=${ATTACK}`, now }, exception)).toBe(blocked);
  });
});

test.each(["/x/../x", "/x/.", "//x", "/%2fx", "/x/..%2fx", "\\x"])(
  "an exception for a path is none for one that servers read in two ways: %s",
  (path) => {
    const target = `${path}?a=${ATTACK}`;
    expect(blocks({ target }, { match: { path: "/**" }, ignore })).toBe(true);
    expect(blocks({ target }, { match: {}, ignore })).toBe(false);
  },
);

test("findings that an exception lets pass do not hide one that counts, however many they are", () => {
  const excepted = Array.from({ length: 40 }, () => `a=${ATTACK}`).join("&");
  const many = Array.from({ length: 40 }, (_, at) => `p${at}=${ATTACK}`).join("&");
  const exceptions = [{ match: { point: "query.**" }, ignore }];
  expect(blocks({ target: `/?${excepted}` }, ...exceptions)).toBe(false);
  expect(blocks({ target: `/?${many}&z=${SCRIPT}` }, ...exceptions)).toBe(true);
});

test("an exception never reaches the decision: lists and limits stay", () => {
  const exception = { match: { path: "/**", point: "**" }, ignore: { all: true } };
  useObjects(
    core,
    { mode: "block", failure: { oversize: "closed" }, limits: { inspectBytes: 1024 } },
    { exceptions: [exception] },
  );
  expect(ask(core, { now: NOW, source: 2 }).line).toMatch(/^block/);
  expect(ask(core, { now: NOW, method: "POST", body: "x".repeat(2000) }).line).toMatch(/^block/);
});

test("the record names the exception, and the shadow shows what its own would do", () => {
  useObjects(core, { mode: "block" }, {});
  useObjects(core, { mode: "block" }, { exceptions: [{ ignore: { types: ["xss"] } }, { ignore }] }, "shadow");
  const shadow = ask(core, { target: `/?a=${ATTACK}`, now: NOW }).record;
  const field = (record: Buffer, name: string): number => record.readUInt32LE(core.number(name));
  expect([field(shadow, "RESULT_ACTION"), field(shadow, "RESULT_SHADOW")]).toEqual([1, 0]);
  core.call("policy_clear")(1);
  useObjects(core, { mode: "block" }, { exceptions: [{ ignore: { types: ["xss"] } }, { ignore }] });
  const { record } = ask(core, { target: `/?a=${ATTACK}`, now: NOW });
  const match = record.subarray(core.number("RESULT_HEAD_BYTES"));
  expect([field(match, "MATCH_SPARED"), field(match, "MATCH_EXCEPTION")]).toEqual([3, 2]);
});

test("a request that is under way ends with the policy that it began with", () => {
  useObjects(core, { mode: "block" }, { exceptions: [{ match: { path: "/x" }, ignore }] });
  const begin = (): number => {
    const handle = core.begin("", NOW);
    core.pairs("tx_head", handle, [
      [":path", "/x"],
      ["content-type", "application/x-www-form-urlencoded"],
    ]);
    return handle;
  };
  const finish = (handle: number): number => {
    core.piece("tx_body", handle, Buffer.from(`a=${ATTACK}`));
    const status = core.end(handle);
    core.free(handle);
    return status;
  };
  const [first, second] = [begin(), begin()];
  usePolicy(core, { mode: "block" });
  expect(finish(first)).toBe(0);
  expect(finish(begin())).toBe(1);
  // After a second change its policy is gone, and with it the exception.
  usePolicy(core, { mode: "block" });
  expect(finish(second)).toBe(1);
});
