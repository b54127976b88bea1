/**
 * Records of the filter in a real Envoy, by filter state and access log into a file: each line parses, is masked, holds
 * what Node's verdict says of the same request, and stays where the instance that made it is gone.
 */
import { mkdtemp, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { recordLog } from "../../../../hosts/cli/connector/record-log.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { policyOf } from "../../../assembly/policy-image.ts";
import { type Component, requireOrSkip } from "../../../tools/component.ts";
import { HostStandIn } from "./host-stand-in.ts";
import {
  findEnvoy,
  imageText,
  LONG_MS,
  linesOf,
  merlon,
  type Stage,
  send,
  startEnvoy,
  trappingModule,
  until,
} from "./stage.ts";

const UNION = "1' UNION SELECT login,password FROM users-- ";
const SECRET = "hunter2' UNION SELECT login,password FROM users-- ";
const MASKED: Parameters<typeof policyOf> = [
  { mode: "block", mask: ["iban"], application: 7, clientIP: { trustedCIDRs: ["127.0.0.0/8"] } },
  {
    scopes: [{ match: { path: "/watched/**" }, mode: "monitoring" }],
    exceptions: [{ match: { path: "/excepted" }, ignore: { types: ["sqli"] } }],
  },
];

const layer = z.strictObject({
  as: z.string(),
  span: z.tuple([z.int(), z.int()]),
  excerpt_at: z.int(),
  excerpt_b64: z.base64(),
});
const hit = z.strictObject({
  stamps: z.array(z.string()).length(1),
  severity: z.int(),
  point_s: z.string(),
  rule: z.string().optional(),
  decision: z.enum(["would_block", "excepted", "counted"]),
  exception_number: z.int(),
  layers: z.array(layer).min(1),
});
const recordSchema = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
  ref: z.string().length(16),
  ts: z.iso.datetime(),
  mode: z.enum(["off", "monitoring", "safe_blocking", "block"]),
  action: z.enum(["blocked", "monitored", "partially_blocked"]),
  would_action: z.enum(["pass", "block"]),
  source: z.literal("inline"),
  app: z.strictObject({ name: z.null(), id: z.int() }),
  policy: z.string().length(64).optional(),
  client: z.strictObject({ ip: z.string(), list: z.enum(["none", "allow", "deny", "gray"]) }),
  request: z.strictObject({
    id: z.string(),
    scheme: z.string(),
    method: z.string(),
    host: z.string(),
    path: z.string(),
    body: z.strictObject({ size: z.int(), inspected: z.int(), truncated: z.boolean() }),
  }),
  hits: z.array(hit),
  limits: z.strictObject({
    reached: z.array(z.string()),
    parser_anomaly: z.array(z.string()),
    matches_dropped: z.int(),
  }),
  incident: z.boolean(),
});
const lineSchema = z.strictObject({
  record: recordSchema,
  response: z.strictObject({ status: z.int(), size: z.int(), time_ms: z.int() }),
});
type Line = z.output<typeof lineSchema>;

const EXCEPTED = { decision: "excepted", exception_number: 1 };

let binary: Component<string>;
let stage: Stage | undefined;
let path = "";
/** Answers that wait for the test's word. */
const waiting: ServerResponse[] = [];

let modules = "";

beforeAll(async () => {
  binary = await findEnvoy();
  if (!("found" in binary)) return;
  modules = await mkdtemp(join(tmpdir(), "merlon-trapping-"));
  stage = await startEnvoy(binary.found, {
    listeners: [[merlon({ policy: imageText(...MASKED) }, await trappingModule(modules))]],
    upstream: (request, response) => {
      if (request.url?.startsWith("/watched/wait")) waiting.push(response);
      else response.end("application");
    },
    manager: (folder) => {
      path = join(folder, "records.jsonl");
      return { use_remote_address: true, xff_num_trusted_hops: 1, access_log: [recordLog(path)] };
    },
  });
}, LONG_MS);
afterAll(async () => {
  await stage?.stop();
  if (modules !== "") await rm(modules, { recursive: true, force: true });
});

const port = (): number => stage?.ports[0] ?? 0;

/** Waits until records that others made no longer count: the filter begins to count anew each second. */
const roomForRecords = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2500));

/** The line of a request with this path, when it is written. */
async function lineOf(target: string): Promise<Line> {
  const lines = await until(
    () => linesOf(path).filter((line) => line.includes(`"path":"${target}"`)),
    (found) => found.length > 0,
  );
  expect(lines).toHaveLength(1);
  return lineSchema.parse(JSON.parse(lines[0] ?? ""));
}

describe("a record", () => {
  test("says what was found, where, and what was done, as Node's verdict does", async () => {
    if (stage === undefined) return;
    const body = JSON.stringify({ a: [{ b: UNION }] });
    const headers = { "content-type": "application/json", host: "shop.example", "x-forwarded-for": "203.0.113.9" };
    const reply = await send(port(), "/orders?q=1", { method: "POST", headers, body });
    const { record, response } = await lineOf("/orders");
    expect(response).toMatchObject({ status: 403, size: reply.body.length });
    expect(record).toMatchObject({
      mode: "block",
      action: "blocked",
      would_action: "block",
      app: { id: 7 },
      client: { ip: "203.0.113.9" },
      request: { method: "POST", scheme: "http", host: "shop.example", body: { size: body.length, truncated: false } },
      limits: { reached: [], parser_anomaly: [], matches_dropped: 0 },
      incident: false,
    });
    expect(record.ref).toBe(reply.headers["x-merlon-ref"]);
    expect(record.id.startsWith(record.ref)).toBe(true);
    expect(record.request.id).toMatch(/^[0-9a-f-]{36}$/);
    const engine = Engine.load();
    engine.loadPolicy("active", compilePolicy(policyOf(...MASKED)));
    const transaction = engine.begin("127.0.0.1", 0);
    const rawHeaders = Object.entries(headers).flat();
    transaction.head({ method: "POST", target: "/orders?q=1", authority: "shop.example", scheme: "http", rawHeaders });
    transaction.body(Buffer.from(body));
    transaction.end();
    const { matches } = transaction.verdict();
    transaction.free();
    expect(record.hits).toEqual(
      matches.map((match) => ({
        stamps: [match.stamp],
        severity: match.severity,
        point_s: match.point,
        decision: "would_block",
        exception_number: 0,
        layers: match.layers.map(({ as, span, excerpt, excerptAt }) => ({
          as,
          span: [...span],
          excerpt_at: excerptAt,
          excerpt_b64: Buffer.from(excerpt).toString("base64"),
        })),
      })),
    );
  });

  test.each([
    ["/watched/one", { action: "monitored", mode: "monitoring", would_action: "block" }],
    ["/excepted", { action: "monitored", would_action: "pass", hits: [EXCEPTED, EXCEPTED] }],
  ])("of %s tells that it passed", async (target, expected) => {
    if (stage === undefined) return;
    expect((await send(port(), `${target}?id=${encodeURIComponent(UNION)}`)).status).toBe(200);
    const { record, response } = await lineOf(target);
    expect(record).toMatchObject(expected);
    expect(response.status).toBe(200);
  });

  test.each(["password", "iban", "Authorization"])("holds nothing of a secret: %s", async (name) => {
    if (stage === undefined) return;
    const target = `/secret-${name}`;
    await send(port(), `${target}?${name}=${encodeURIComponent(SECRET)}`, { headers: { cookie: `a=${SECRET}` } });
    const { record } = await lineOf(target);
    expect(record.hits.length).toBeGreaterThan(0);
    const excerpts = record.hits.flatMap(({ layers }) => layers.map(({ excerpt_b64: text }) => atob(text)));
    for (const excerpt of excerpts) expect(excerpt).toMatch(/^\**$/);
    expect(JSON.stringify(record)).not.toMatch(/hunter2|UNION/);
  });

  test("is JSON whatever the client writes", async () => {
    if (stage === undefined) return;
    const odd = `/odd"\\<%22%0a\x7f{}`;
    const socket = connectSocket(port(), "127.0.0.1");
    const head = `GET ${odd.replace("\x7f", "")}?id=${encodeURIComponent(UNION)} HTTP/1.1\r\nHost: a"b\\\r\n`;
    socket.end(`${head}X-Request-Id: "},"action":"none"\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    await until(
      () => linesOf(path),
      (lines) => lines.length > 0,
    );
    for (const line of linesOf(path)) lineSchema.parse(JSON.parse(line));
  });

  test("is there for whoever leaves in the middle of a request", async () => {
    if (stage === undefined) return;
    const socket = connectSocket(port(), "127.0.0.1");
    const query = encodeURIComponent(UNION);
    socket.write(`POST /watched/left?id=${query} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.destroy();
    const { record } = await lineOf("/watched/left");
    expect(record).toMatchObject({ action: "monitored", request: { body: { size: 3 } } });
  });

  test("is not made of requests without a finding", async () => {
    if (stage === undefined) return;
    await send(port(), "/harmless");
    await send(port(), `/last?id=${encodeURIComponent(UNION)}`);
    await lineOf("/last");
    expect(linesOf(path).filter((line) => line.includes("/harmless"))).toEqual([]);
  });
});

test(
  "a flood is bounded, and what is left out is counted",
  async () => {
    if (stage === undefined) return;
    await roomForRecords();
    const before = await stage.stats("wasmcustom.merlon.records");
    const sent = 1500;
    for (let round = 0; round < sent / 50; round++) {
      await Promise.all(Array.from({ length: 50 }, () => send(port(), `/flood?id=${encodeURIComponent(UNION)}`)));
    }
    const after = await until(
      async (): Promise<Record<string, number>> => (await stage?.stats("wasmcustom.merlon.records")) ?? {},
      (now) => Object.entries(now).reduce((sum, [name, value]) => sum + value - (before[name] ?? 0), 0) === sent,
    );
    const made = (after["wasmcustom.merlon.records"] ?? 0) - (before["wasmcustom.merlon.records"] ?? 0);
    expect(made).toBeGreaterThanOrEqual(200);
    const lines = await until(
      () => linesOf(path).filter((line) => line.includes('"path":"/flood"')),
      (found) => found.length >= made,
    );
    expect(lines).toHaveLength(made);
  },
  LONG_MS,
);

test(
  "a record outlives the instance that made it, and the filter comes back",
  async (context) => {
    requireOrSkip(context, binary);
    if (stage === undefined) return;
    await roomForRecords();
    const attack = `?id=${encodeURIComponent(UNION)}`;
    const slow = send(port(), `/watched/wait${attack}`);
    await until(
      () => waiting.length,
      (count) => count > 0,
    );
    const trap = connectSocket(port(), "127.0.0.1");
    let answer = "";
    trap.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    trap.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\na: b\r\n\r\n");
    await until(
      () => answer,
      (text) => text.startsWith("HTTP/1.1 503 "),
    );
    trap.destroy();
    waiting[0]?.end("late");
    await slow;
    const { record } = await lineOf("/watched/wait");
    expect(record).toMatchObject({ action: "monitored", would_action: "block" });
    // Envoy waits a second before it starts the next instance.
    await until(
      async () => (await send(port(), "/")).status,
      (status) => status === 200,
    );
    expect((await send(port(), `/${attack}`)).status).toBe(403);
    const stats = await stage.stats("vm_reload");
    expect(Object.values(stats).reduce((sum, value) => sum + value, 0)).toBeGreaterThan(0);
  },
  LONG_MS,
);

test("what a rule of the policy has found is told with the rule's own words (stand-in)", () => {
  const rule = { name: "no-union", when: 'path.contains("/shop/")', type: "sqli" } as const;
  const host = new HostStandIn();
  const policy = imageText({ mode: "block" }, { rules: [rule] });
  host.configuration = Buffer.from(JSON.stringify({ policy }));
  host.call("proxy_on_context_create", 1, 0);
  expect(host.call("proxy_on_configure", 1, host.configuration.length), host.logs.join()).toBe(1);
  host.stream = {
    head: [
      [":method", "GET"],
      [":path", `/shop/?id=${encodeURIComponent(UNION)}`],
      [":authority", "a"],
      [":scheme", "http"],
    ],
    trailers: [],
    request: Buffer.alloc(0),
    response: Buffer.alloc(0),
  };
  host.call("proxy_on_context_create", 2, 1);
  host.call("proxy_on_request_headers", 2, 4, 1);
  host.call("proxy_on_log", 2);
  const { record } = z.object({ record: recordSchema }).parse({ record: JSON.parse(host.records.at(-1) ?? "") });
  const found = record.hits.find(({ rule: line }) => line !== undefined);
  expect(found?.rule).toMatch(/^[^\t]*no-union[^\t]*\tsqli\t/);
  expect(found?.stamps[0]).toBe(found?.rule?.split("\t")[0]);
  expect(record.hits.some(({ stamps }) => stamps[0]?.startsWith("sqli-"))).toBe(true);
});
