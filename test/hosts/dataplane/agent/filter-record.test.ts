/** Lines of the filter's log become records of the one shape, with the names that only the agent has. */
import { expect, test } from "vitest";
import { completeRecord, type FilterLine, parseLine } from "../../../../hosts/dataplane/agent/filter-record.ts";
import { recordSchema } from "../../../../hosts/records/record.ts";

const HASH = "a".repeat(64);
const LINE: FilterLine = {
  record: {
    v: 1,
    id: "01JD3Z8K6Q4T0000000000000A",
    ref: "01JD3Z8K6Q4T0000",
    ts: "2026-11-21T10:00:00.000Z",
    mode: "block",
    action: "blocked",
    would_action: "block",
    source: "inline",
    app: { id: 7 },
    policy: HASH,
    client: { ip: "203.0.113.9", list: "gray" },
    request: {
      id: "r-1",
      scheme: "https",
      method: "POST",
      host: "Shop.example",
      path: "/orders/17",
      body: { size: 40, inspected: 40, truncated: false },
    },
    hits: [
      {
        stamps: ["sqli-union"],
        severity: 5,
        point_s: "post.json_doc.hash.a",
        decision: "would_block",
        exception_number: 0,
        layers: [{ as: "raw", span: [2, 7], excerpt_at: 0, excerpt_b64: Buffer.from("1 UNION 2").toString("base64") }],
      },
      {
        stamps: ["cve-2024-1"],
        severity: 5,
        rule: "cve-2024-1\tvpatch\tCWE-89\t5\tthe hole\tCVE-2024-0001",
        point_s: "query.password",
        decision: "excepted",
        exception_number: 1,
        layers: [{ as: "raw", span: [0, 4], excerpt_at: 0, excerpt_b64: Buffer.from("****").toString("base64") }],
      },
    ],
    limits: { reached: [], parser_anomaly: [], matches_dropped: 0 },
    incident: false,
  },
  response: { status: 403, size: 200, time_ms: 3 },
};
const KNOWN = {
  node: { id: "n", kind: "wasm", version: "1", ruleset: { id: "1", sha256: "b" }, env: {} },
  policy: {
    ref: "merlon.yaml",
    generation: 2,
    sha256: HASH,
    applications: new Map([[7, "shop"]]),
    exceptions: ["old-form"],
  },
  signatures: new Map([
    [
      "sqli-union",
      { stamp: "sqli-union", type: "sqli", cwe: ["CWE-89"], severity: 5, reason: "rows of another table" },
    ],
  ]),
} as const;

test("a record is whole, with names, types, reasons and what matched", () => {
  const record = recordSchema.parse(completeRecord(LINE, KNOWN));
  expect(record).toMatchObject({
    node: { id: "n", kind: "wasm" },
    policy: { ref: "merlon.yaml", generation: 2, sha256: HASH },
    app: { name: "shop", id: 7 },
    client: { ip: "203.0.113.9", list: "gray" },
    request: { path: "/orders/17", path_template: "/orders/{id}", body: { size: 40 } },
    response: { status: 403, size: 200, time_ms: 3, seen: true },
    masked: ["query.password"],
    sampled: { kept: true, count_since_last: 1 },
  });
  expect(record.hits).toMatchObject([
    { type: "sqli", cwe: ["CWE-89"], reason: "rows of another table", payload: "UNION", decision: "would_block" },
    { type: "vpatch", cwe: ["CWE-89"], reason: "the hole", decision: "excepted", exception: "old-form" },
  ]);
});

test("names of another policy stay empty, and so do signatures of another release", () => {
  const strange = { ...LINE.record, policy: "c".repeat(64), hits: [{ ...LINE.record.hits[1], rule: undefined }] };
  const record = recordSchema.parse(completeRecord({ ...LINE, record: strange as FilterLine["record"] }, KNOWN));
  expect(record).toMatchObject({ policy: { ref: "", generation: 0, sha256: "c".repeat(64) }, app: { name: null } });
  expect(record.hits[0]).toMatchObject({ type: "cve", exception: null });
});

test("requests that look alike are of one group, others are not", () => {
  const groupOf = (change: object, response = LINE.response): string => {
    const line = { record: { ...LINE.record, ...change }, response };
    return completeRecord(line, KNOWN).sampled.group;
  };
  const request = (path: string): object => ({ request: { ...LINE.record.request, path } });
  expect(groupOf(request("/orders/18"))).toBe(groupOf({}));
  expect(groupOf({ client: { ip: "192.0.2.1", list: "none" } })).toBe(groupOf({}));
  expect(groupOf(request("/other"))).not.toBe(groupOf({}));
  expect(groupOf({ action: "monitored" })).not.toBe(groupOf({}));
  expect(groupOf({}, { ...LINE.response, status: 200 })).not.toBe(groupOf({}));
});

test.each([
  ["nothing", ""],
  ["no JSON", "{"],
  ["another version", JSON.stringify({ ...LINE, record: { ...LINE.record, v: 2 } })],
  ["an id that is none", JSON.stringify({ ...LINE, record: { ...LINE.record, id: "../etc" } })],
  [
    "a hit without layers",
    JSON.stringify({ ...LINE, record: { ...LINE.record, hits: [{ ...LINE.record.hits[0], layers: [] }] } }),
  ],
  ["no answer", JSON.stringify({ record: LINE.record })],
])("%s is no record", (_name, text) => {
  expect(parseLine(JSON.stringify(LINE))).toEqual(LINE);
  expect(parseLine(text)).toBeNull();
});
