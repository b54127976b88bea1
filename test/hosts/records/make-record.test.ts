/** From a request through the real core to its record: what is in it, and above all what is not. */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { fixedPolicy } from "../../../hosts/core/host-policy.ts";
import {
  Inspection,
  type InspectionContext,
  inspectionCounters,
  type VerdictEvent,
} from "../../../hosts/core/inspection.ts";
import { createUlidSource } from "../../../hosts/core/ulid.ts";
import type { RequestHead } from "../../../hosts/core/verdict.ts";
import { applyReady, readyPolicy } from "../../../hosts/policy/apply.ts";
import { ipListSchema } from "../../../hosts/policy/ip-list.ts";
import { defaultPolicy, type Policy, policyDefaults } from "../../../hosts/policy/schema.ts";
import { actionOf, groupOf, isRecorded, makeRecord } from "../../../hosts/records/make-record.ts";
import { policyFacts } from "../../../hosts/records/policy-facts.ts";
import { type AttackRecord, recordSchema } from "../../../hosts/records/record.ts";
import { recordText } from "../../../hosts/records/record-text.ts";
import { WordInspector } from "../dataplane/sidecar/word-inspector.ts";

const NODE = {
  id: "node-1",
  kind: "sidecar",
  version: "0.1.0",
  ruleset: { id: "0.1.0", sha256: "0".repeat(64) },
  env: {},
} as const;
const ATTACK = "file=../../../../../../etc/passwd";

interface Sent {
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly policy?: Partial<Policy>;
  readonly prepare?: (inspection: Inspection) => void;
  readonly inspector?: WordInspector;
}

/** Sends a request through the core. @returns its record, null where it gets none, and the event */
function send({ target = "/", headers = [], body = "", policy = {}, prepare, inspector }: Sent): {
  record: AttackRecord | null;
  event: VerdictEvent;
} {
  const engine = Engine.load();
  const whole = { ...defaultPolicy, mode: "block" as const, ...policy };
  const ready = readyPolicy(whole);
  applyReady(engine, ready);
  const facts = policyFacts("merlon.yaml", () => ready);
  const told: { record: AttackRecord | null; event: VerdictEvent }[] = [];
  const context: InspectionContext = {
    inspector: inspector ?? engine,
    configuration: { inspectResponses: true },
    policy: () => fixedPolicy({ ...policyDefaults, blockPage: { statusCode: 403 } }),
    counters: inspectionCounters(),
    nextId: createUlidSource(),
    onVerdict: (event) => {
      const record = isRecorded(event) ? makeRecord(event, groupOf(event), NODE, facts()) : null;
      told.push({ record, event });
    },
  };
  const head: RequestHead = {
    method: body === "" ? "GET" : "POST",
    target,
    authority: "Shop.example",
    scheme: "https",
    rawHeaders: headers,
  };
  const inspection = new Inspection(context, head, "192.0.2.9", 1_790_000_000_000);
  prepare?.(inspection);
  inspection.head();
  if (body !== "") inspection.body(Buffer.from(body));
  inspection.end(null);
  inspection.finish(403);
  const [first] = told;
  if (first === undefined) throw new Error("nothing was told");
  expect(first.event.details()).toBeNull();
  if (first.record !== null) expect(recordSchema.safeParse(first.record).error).toBeUndefined();
  return first;
}

/** The record of a request that gets one. */
function recordOf(sent: Sent): AttackRecord {
  const { record } = send(sent);
  if (record === null) throw new Error("no record was made");
  return record;
}

describe("a record", () => {
  test("says who, what, where, and what was done", () => {
    const record = recordOf({ target: `/shop/17?${ATTACK}&page=2`, headers: ["User-Agent", "Grün/1.0"] });
    expect(record).toMatchObject({
      v: 1,
      ts: "2026-09-21T14:13:20.000Z",
      node: { id: "node-1", kind: "sidecar" },
      policy: { ref: "merlon.yaml", generation: 1 },
      mode: "block",
      action: "blocked",
      would_action: "block",
      source: "inline",
      client: { ip: "192.0.2.9", ip_source: "peer", list: "none" },
      request: { method: "GET", host: "Shop.example", scheme: "https", path: "/shop/17", path_template: "/shop/{id}" },
      response: { status: 403, seen: false },
      sampled: { kept: true, count_since_last: 1 },
    });
    expect(record.ref).toBe(record.id.slice(0, 16));
    expect(record.request.query).toBe(`${ATTACK}&page=2`);
    expect(record.hits[0]).toMatchObject({ type: "ptrav", point_s: "query.file", decision: "would_block" });
  });

  test("is not made for a harmless request", () => {
    expect(send({ target: "/?a=b" }).record).toBeNull();
  });

  test("is made where a list denies the client, without any hit", () => {
    const ipLists = [ipListSchema.parse({ list: "deny", entries: [{ cidr: "192.0.2.0/24" }] })];
    const record = recordOf({ target: "/?a=b", policy: { ipLists } });
    expect(record).toMatchObject({ action: "blocked", hits: [], client: { list: "deny" } });
  });

  test("names the application and the exception", () => {
    const exceptions = [
      {
        name: "docs",
        match: {},
        point: "query.file",
        ignore: { stamps: [], types: ["ptrav"], all: false },
        reason: "known",
        expiresAt: 1_900_000_000,
      },
    ];
    const record = recordOf({ target: `/?${ATTACK}`, policy: { application: "shop", exceptions } });
    expect(record).toMatchObject({ action: "monitored", would_action: "pass", app: { name: "shop" } });
    expect(record.hits[0]).toMatchObject({ decision: "excepted", exception: "docs" });
  });

  test("has the body's size and the value that matched", () => {
    const body = JSON.stringify({ name: "a", file: "../../../../../../etc/passwd" });
    const record = recordOf({ headers: ["content-type", "application/json"], body });
    expect(record.request.body).toMatchObject({ size: body.length, truncated: true });
    const excerpt = Buffer.from(record.request.body?.excerpt_b64 ?? "", "base64").toString();
    expect(excerpt).toContain("etc/passwd");
  });
});

describe("nothing secret is in a record:", () => {
  const SECRET = "hunter2-canary";
  const CARD = "4111111111111111";
  const CASES: readonly (readonly [name: string, sent: Sent, masked: readonly string[]])[] = [
    ["a cookie", { headers: ["Cookie", `sid=${SECRET}`] }, ["header.COOKIE"]],
    ["credentials", { headers: ["Authorization", `Bearer ${SECRET}`] }, ["header.AUTHORIZATION"]],
    ["a field whose long name ends in token", { headers: [`x-${"a".repeat(200)}-token`, SECRET] }, []],
    ["a token in the query", { target: `/?token=${SECRET}&${ATTACK}` }, ["query.token"]],
    ["a policy's own name", { target: `/?${ATTACK}&pin=${SECRET}`, policy: { mask: ["pin"] } }, ["query.pin"]],
    ["a referer's query", { headers: ["Referer", `https://a.example/?password=${SECRET}`] }, []],
    [
      "a password that matches",
      { target: `/?password=${SECRET}%27%20UNION%20SELECT%20name%20FROM%20users--` },
      ["query.password"],
    ],
    [
      "a body's password beside an attack",
      {
        target: "/",
        headers: ["content-type", "application/json"],
        body: JSON.stringify({ password: SECRET, file: "../../../../../../etc/passwd" }),
      },
      [],
    ],
    [
      "a body's password that matches",
      {
        target: "/",
        headers: ["content-type", "application/x-www-form-urlencoded"],
        body: `password=${SECRET}' UNION SELECT name FROM users--`,
      },
      ["post.form_urlencoded.password"],
    ],
    ["a card number in a path", { target: `/pay/${CARD}?${ATTACK}` }, []],
    ["a card number in an attack", { target: `/?a=${CARD}'%20UNION%20SELECT%20name%20FROM%20users--` }, []],
  ];

  test.each(CASES)("%s", (_name, { target, ...sent }, masked) => {
    const record = recordOf({ ...sent, target: target ?? `/?${ATTACK}` });
    const text = recordText(record);
    const decoded = text.replace(/"excerpt_b64":"([^"]*)"/g, (_, bytes: string) =>
      Buffer.from(bytes, "base64").toString("latin1"),
    );
    for (const shown of [text, decoded]) expect(shown).not.toMatch(new RegExp(`${SECRET}|${CARD}`));
    for (const point of masked) expect(record.masked).toContain(point);
  });

  test("anything of a head that the core could not mask", () => {
    const inspector = new WordInspector();
    const { event, record } = send({
      inspector,
      target: `/a/17?MERLON-TEST-FAILED-OPEN=${SECRET}`,
      headers: ["X-Name", SECRET],
    });
    expect(actionOf(event)).toBe("passed_fail_open");
    expect(record?.request).toMatchObject({ path: "", path_template: "/a/{id}", query: "", headers: [] });
    expect(JSON.stringify(record)).not.toContain(SECRET);
  });
});

describe("the group", () => {
  const group = (target: string): string => groupOf(send({ target }).event);

  test("is that of requests to one route with findings of one type at one point", () => {
    expect(group(`/a/1?${ATTACK}`)).toBe(group(`/a/2?x=1&${ATTACK}`));
    expect(group(`/a/1?${ATTACK}`)).not.toBe(group(`/b/1?${ATTACK}`));
    expect(group(`/a/1?${ATTACK}`)).not.toBe(group(`/a/1?other${ATTACK}`));
  });

  test("differs by what was done", () => {
    const { event } = send({ target: `/?${ATTACK}` });
    const watched = send({ target: `/?${ATTACK}`, prepare: (inspection) => (inspection.watched = true) });
    const cut = send({ target: `/?${ATTACK}`, prepare: (inspection) => (inspection.cut = true) });
    expect([event, watched.event, cut.event].map(actionOf)).toEqual(["blocked", "monitored", "partially_blocked"]);
    expect(new Set([event, watched.event, cut.event].map(groupOf)).size).toBe(3);
    expect(watched.record?.source).toBe("oob");
  });
});
