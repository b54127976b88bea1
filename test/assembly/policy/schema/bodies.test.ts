/** What becomes of a body's faults: told where decisions fall, judged like any finding, by each slot's own policy. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Pair } from "../../core.ts";
import { Core } from "../../core.ts";
import { NOW } from "../../policy-image.ts";
import { found, hold, load, openapiOf, policyWith, specOf } from "./held.ts";

const core = new Core("checked");
const SCHEMA = { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false };
const WRONG = Buffer.from('{"n":"x"}');
const JSON_TYPE: Pair = ["content-type", "application/json"];

/** Sends a body. @returns whether it is blocked, whether a candidate would, limits, and the line */
function answerOf(body: Uint8Array): { action: number; shadow: number; limits: readonly string[]; line: string } {
  const handle = begin();
  core.piece("tx_body", handle, body);
  core.end(handle);
  const record = core.record(handle);
  const field = (name: string): number => record.readUInt32LE(core.number(name));
  const [action, shadow] = [field("RESULT_ACTION"), field("RESULT_SHADOW")];
  const answer = { action, shadow, limits: core.names(record, "RESULT_LIMITS"), line: core.line(handle) };
  core.free(handle);
  return answer;
}

function begin(): number {
  const handle = core.begin("192.0.2.7", NOW);
  core.pairs("tx_head", handle, [[":method", "POST"], [":path", "/a"], [":authority", "a.example"], JSON_TYPE]);
  return handle;
}

test.each([
  [{}, 1, "block api-invalid-field@post.json_doc.hash.n raw[0,0]"],
  [{ mode: "monitoring" }, 0, "block api-invalid-field@post.json_doc.hash.n raw[0,0]"],
  [{ violations: { invalidField: "report" } }, 0, "pass api-invalid-field@post.json_doc.hash.n raw[0,0]"],
  [{ violations: { invalidField: "ignore" } }, 0, "pass"],
])("a fault under %j gives %i", (options, action, line) => {
  hold(core, SCHEMA, options);
  expect(answerOf(WRONG)).toMatchObject({ action, line });
});

test.each([
  [{ stamps: ["api-invalid-field"] }, "post.json_doc.hash.n", 0],
  [{ types: ["invalid_parameter_value"] }, undefined, 0],
  [{ stamps: ["api-missing-field"] }, undefined, 1],
  [{ stamps: ["api-invalid-field"] }, "post.json_doc.hash.m", 1],
])("an exception of %j at %s: %i", (ignore, point, action) => {
  const spec = {
    match: point === undefined ? {} : { point },
    ignore,
    reason: "a test",
    expiresAt: "2027-06-01T00:00:00Z",
  };
  const exception = { apiVersion: "merlon.dev/v1alpha1", kind: "WafException", metadata: { name: "e" }, spec };
  hold(core, SCHEMA, { more: [exception] });
  expect(answerOf(WRONG).action).toBe(action);
});

test("an exception holds at decisions within the body as well, wherever the pieces end", () => {
  const ignore = { stamps: ["api-invalid-field"] };
  const spec = { match: {}, ignore, reason: "a test", expiresAt: "2027-06-01T00:00:00Z" };
  const exception = { apiVersion: "merlon.dev/v1alpha1", kind: "WafException", metadata: { name: "e" }, spec };
  hold(core, { properties: SCHEMA.properties }, { more: [exception] });
  const body = Buffer.from(`{"n":"x","m":"${"y".repeat(40_000)}"}`);
  for (const size of [body.length, 16_384, 1000]) {
    const handle = begin();
    for (let read = 0; read < body.length; read += size) {
      expect(core.piece("tx_body", handle, body.subarray(read, read + size))).toBe(0);
    }
    expect(core.line(handle)).toContain("pass api-invalid-field@post.json_doc.hash.n");
    core.free(handle);
  }
});

test("a fault stops the body at the next decision, wherever the pieces end", () => {
  hold(core, { properties: SCHEMA.properties });
  const body = Buffer.from(`{"n":"x","m":"${"y".repeat(40_000)}"}`);
  for (const size of [body.length, 16_384, 1000]) {
    const handle = begin();
    let read = 0;
    for (; read < body.length; read += size)
      if (core.piece("tx_body", handle, body.subarray(read, read + size)) !== 0) break;
    expect(read).toBe(size === body.length ? 0 : Math.ceil(16_384 / size - 1) * size);
    expect(core.line(handle)).toBe("block api-invalid-field@post.json_doc.hash.n raw[0,0]");
    core.free(handle);
  }
});

test("codings are undone first", () => {
  hold(core, SCHEMA);
  const coded = (body: string): readonly Uint8Array[] => [gzipSync(body)];
  const fields: Pair[] = [JSON_TYPE, ["content-encoding", "gzip"]];
  expect(found(core, coded('{"n":1}'), fields)).toEqual([]);
  expect(found(core, coded('{"n":"x"}'), fields)).toEqual(["invalid-field@post.json_doc.hash.n"]);
  expect(found(core, coded('{"n":'), fields)).toEqual(["invalid-body@post"]);
});

describe("the type of a body says what it has to be", () => {
  const two = {
    content: {
      "application/json": { schema: SCHEMA },
      "application/vnd.x+json": { schema: { type: "array" } },
      "text/plain": { schema: { type: "string" } },
    },
  };

  test.each<[type: string | undefined, body: string, expected: readonly string[]]>([
    ["application/json", "[]", ["invalid-field@post.json_doc"]],
    ["Application/JSON ; charset=utf-8", "[]", ["invalid-field@post.json_doc"]],
    ["application/vnd.x+json", "[]", []],
    ["application/vnd.x+json", '{"n":1}', ["invalid-field@post.json_doc"]],
    ["text/plain", "[]", []],
    // A body that says nothing of itself is taken for the first.
    [undefined, "[]", ["invalid-field@post.json_doc"]],
  ])("%s %s", (type, body, expected) => {
    hold(core, {}, { requestBody: two });
    expect(found(core, body, type === undefined ? [] : [["content-type", type]])).toEqual(expected);
  });

  test("a type with a star stands for every one of JSON", () => {
    hold(core, {}, { requestBody: { content: { "*/*": { schema: SCHEMA } } } });
    expect(found(core, "[]", [["content-type", "application/problem+json"]])).toEqual(["invalid-field@post.json_doc"]);
    expect(found(core, "[]", [["content-type", "application/jsonx"]])).toEqual([]);
  });
});

test("each slot has its own policy, and a candidate's faults decide for it alone", () => {
  load(core, policyWith([]));
  load(core, policyWith([specOf("shop", openapiOf(SCHEMA))]), "shadow");
  expect(answerOf(WRONG)).toMatchObject({ action: 0, shadow: 1, line: "pass" });
  core.call("policy_clear")(1);
});

test("more specifications for one body than there is room for are told, and blocks are given back", () => {
  const specs = Array.from({ length: 5 }, (_, index) => specOf(`s${index}`, openapiOf(SCHEMA)));
  const before = core.call("blocks_used")();
  for (const [count, limits] of [
    [4, []],
    [5, ["memory"]],
  ] as const) {
    load(core, policyWith(specs.slice(0, count)));
    expect(answerOf(WRONG).limits).toEqual(limits);
  }
  expect(core.call("blocks_used")()).toBe(before);
});

test("what was not looked at is no fault", () => {
  const policy = policyWith([specOf("shop", openapiOf({ type: "object" }))]);
  load(core, { ...policy, limits: { ...policy.limits, inspectBytes: 1024 } });
  expect(found(core, `{"a":"${"x".repeat(2000)}`)).toEqual([]);
});
