/** The intake over real sockets and a real store: what is taken, from whom, and what is said of the rest. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { serve } from "@hono/node-server";
import { expect, onTestFinished, test } from "vitest";
import { BATCH_BYTES_MAX, Intake, type IntakeOptions } from "../../../hosts/postanalytics/intake.ts";
import { SqlRecordStore } from "../../../hosts/postanalytics/store/record-store.ts";
import { openSqlite } from "../../../hosts/postanalytics/store/sqlite.ts";
import { HttpSink } from "../../../hosts/records/http-sink.ts";
import { InventorySender } from "../../../hosts/records/inventory/inventory-sender.ts";
import type { AttackRecord } from "../../../hosts/records/record.ts";
import { Traffic } from "../records/inventory/stage.ts";
import { sampleRecord } from "../records/sample.ts";
import { temporaryFolder } from "./store/stage.ts";

const TOKEN = "token-of-node-1";
const WORKLOAD = "token-of-a-workload";

interface Stage {
  readonly intake: Intake;
  readonly store: SqlRecordStore;
  readonly origin: string;
  send(
    body: string | Buffer,
    headers?: Readonly<Record<string, string>>,
    method?: string,
    path?: string,
  ): Promise<Response>;
}

async function startIntake(options: Partial<IntakeOptions> = {}): Promise<Stage> {
  const folder = temporaryFolder();
  const database = await openSqlite(join(folder, "a.sqlite"));
  const store = await SqlRecordStore.open(folder, database);
  const intake = new Intake({
    store,
    identify: async (token) => {
      if (token === WORKLOAD) return { node: "shop-*", tenants: ["shop"] };
      return token === TOKEN ? { node: "node-1", tenants: null } : null;
    },
    ...options,
  });
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => (await intake.answer(request)) ?? new Response(null, { status: 404 }),
  });
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    await store.close();
    await database.close();
  });
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  const origin = `http://127.0.0.1:${port}`;
  const send: Stage["send"] = async (body, headers = {}, method = "POST", path = "/v1/records") => {
    const all = { authorization: `Bearer ${TOKEN}`, "x-merlon-node": "node-1", "content-type": "application/x-ndjson" };
    const init = {
      method,
      headers: { ...all, ...headers },
      ...(method === "GET" ? {} : { body: new Blob([Buffer.from(body)]) }),
    };
    return await fetch(`${origin}${path}`, init);
  };
  return { intake, store, origin, send };
}

function linesOf(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

function some(count: number, fields: Partial<AttackRecord> = {}): AttackRecord[] {
  return Array.from({ length: count }, () => sampleRecord(fields));
}

test("a batch is kept, plain or compressed, and acknowledged with its counts", async () => {
  const { send, store, intake } = await startIntake();
  const batch = some(20);
  const plain = await send(linesOf(batch.slice(0, 10)));
  expect([plain.status, await plain.json()]).toEqual([200, { stored: 10, duplicates: 0 }]);
  const packed = await send(gzipSync(linesOf(batch)), { "content-encoding": "gzip" });
  expect(await packed.json()).toEqual({ stored: 10, duplicates: 10 });
  await store.settled();
  const [first = sampleRecord()] = batch;
  const kept = await store.record(first.id, null);
  expect(kept?.received_ts).toMatch(/Z$/);
  expect({ ...kept, received_ts: undefined }).toEqual({ ...first, received_ts: undefined });
  expect(intake.counters).toEqual({ stored: 20, duplicates: 10, endpoints: 0, rejected: 0, refused: 0 });
});

test("one bad line refuses that line by its number, and keeps the others", async () => {
  const { send, store } = await startIntake();
  const [a, b, c] = some(3);
  const bodies = [
    JSON.stringify(a),
    "{not json",
    JSON.stringify({ ...b, node: { id: "node-2", kind: "sidecar", version: "1" } }),
    JSON.stringify({ ...b, mode: "blok <script>" }),
    JSON.stringify({ ...b, ref: "0".repeat(16) }),
    JSON.stringify({ ...b, env: { long: "x".repeat(33_000) } }),
    `{"deep":${"[".repeat(15_000)}${"]".repeat(15_000)}}`,
    "\xff",
    JSON.stringify(c),
  ];
  const response = await send(Buffer.from(bodies.join("\n"), "latin1"));
  expect(response.status).toBe(422);
  const answer: { stored: number; rejected: { line: number; reason: string }[] } = await response.json();
  expect(answer.stored).toBe(2);
  expect(answer.rejected.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  const reasons = answer.rejected.map(({ reason }) => reason).join("\n");
  for (const says of ["no JSON", "node.id is not", "mode: ", "ref is not", "the line has 3"])
    expect(reasons).toContain(says);
  expect(reasons).not.toContain("script");
  await store.settled();
  expect(await store.count({ window: { from: 0, to: 1e15 }, where: "", tenants: null })).toBe(2);
});

test.each([
  ["no token", { authorization: "" }, 401],
  ["a token that nobody has", { authorization: "Bearer other" }, 401],
  ["another node's name", { "x-merlon-node": "node-2" }, 403],
  ["no node", { "x-merlon-node": "" }, 400],
  ["a node that is no id", { "x-merlon-node": "a b" }, 400],
  ["an unknown coding", { "content-encoding": "br" }, 415],
  ["what is no gzip", { "content-encoding": "gzip" }, 400],
])("%s is refused", async (_, headers, status) => {
  const { send, store } = await startIntake();
  const response = await send(linesOf(some(1)), headers);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ error: expect.stringContaining("—") });
  await store.settled();
  expect(await store.count({ window: { from: 0, to: 1e15 }, where: "", tenants: null })).toBe(0);
});

test("a workload's token is for its pods and for the applications that they serve", async () => {
  const { send } = await startIntake();
  const headers = { authorization: `Bearer ${WORKLOAD}`, "x-merlon-node": "shop-7d9" };
  const node = { id: "shop-7d9", kind: "sidecar", version: "1" } as const;
  const batch = [...some(1, { node }), ...some(1, { node, app: { name: "blog", id: 1 } })];
  const response = await send(linesOf(batch), headers);
  expect(await response.json()).toMatchObject({
    stored: 1,
    rejected: [{ line: 2, reason: expect.stringContaining("app.name") }],
  });
  expect((await send(linesOf(some(1)), { ...headers, "x-merlon-node": "blog-1" })).status).toBe(403);
});

test("what is too much is refused before it is read whole", async () => {
  const { send } = await startIntake();
  expect((await send(Buffer.alloc(BATCH_BYTES_MAX + 1, 0x20))).status).toBe(413);
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x0a));
  expect((await send(bomb, { "content-encoding": "gzip" })).status).toBe(413);
  const lines = await send("{}\n".repeat(1001));
  expect(lines.status).toBe(413);
  const cut = gzipSync(linesOf(some(5))).subarray(0, 200);
  expect((await send(cut, { "content-encoding": "gzip" })).status).toBe(400);
});

test("a node that sends more than its quota waits, and others do not", async () => {
  const { send } = await startIntake({ quota: { perSecond: 1, burst: 10 } });
  expect((await send(linesOf(some(10)))).status).toBe(200);
  const late = await send(linesOf(some(5)));
  expect(late.status).toBe(429);
  expect(Number(late.headers.get("retry-after"))).toBeGreaterThanOrEqual(4);
  const headers = { authorization: `Bearer ${WORKLOAD}`, "x-merlon-node": "shop-1" };
  const node = { id: "shop-1", kind: "sidecar", version: "1" } as const;
  expect((await send(linesOf(some(10, { node })), headers)).status).toBe(200);
});

test("a store that cannot keep records makes the node come again", async () => {
  const { send, store } = await startIntake();
  await store.close();
  const response = await send(linesOf(some(1)));
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
});

test("only POST is taken, and other paths are not its own", async () => {
  const { send, intake } = await startIntake();
  const response = await send("", {}, "GET");
  expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  expect(await intake.answer(new Request("http://a/v1/other"))).toBeNull();
});

test("what a spool had to leave out is told", async () => {
  const heard: [string, number][] = [];
  const { send } = await startIntake({ dropped: (node, count) => heard.push([node, count]) });
  await send(linesOf(some(1)), { "x-merlon-dropped": "17" });
  await send(linesOf(some(1)), { "x-merlon-dropped": "many" });
  expect(heard).toEqual([["node-1", 17]]);
});

test("what a node has learned of interfaces is kept, once, however often it is sent", async () => {
  const { origin, store, intake } = await startIntake();
  const tokenFile = join(temporaryFolder(), "token");
  writeFileSync(tokenFile, TOKEN);
  const sink = new HttpSink({ url: origin, nodeId: "node-1", tokenFile, batch: "inventory" });
  const traffic = new Traffic();
  traffic.send({ target: "/articles/7?page=2" });
  const [line] = traffic.lines();
  const sender = new InventorySender(traffic.inventory, sink);
  await sender.close(30_000);
  expect([sender.rejected, traffic.lines()]).toEqual([0, []]);
  expect(intake.counters).toMatchObject({ endpoints: 1, stored: 0, rejected: 0 });
  await store.appendEndpoints(line === undefined ? [] : [line]);
  await store.settled();
  const found = await store.endpoints(null, { from: 0, to: traffic.nowMs + 1 });
  expect(found.map(({ method, path, calls, shape }) => [method, path, calls, shape.params.length])).toEqual([
    ["GET", "/articles/{id}", 1, 1],
  ]);
});

test("a line of another node, of another application or of no shape is refused, and the others are kept", async () => {
  const { send, store } = await startIntake();
  const traffic = new Traffic();
  traffic.send({ target: "/a" });
  const [good] = traffic.lines();
  const workload = { authorization: `Bearer ${WORKLOAD}`, "x-merlon-node": "shop-1" };
  const sent = async (lines: readonly object[], headers = {}): Promise<unknown[]> => {
    const response = await send(linesOf(lines), headers, "POST", "/v1/inventory");
    return [response.status, await response.json()];
  };
  expect(await sent([{ ...good, node: "node-2" }, { ...good, path: "no slash" }, { ...good }])).toEqual([
    422,
    {
      stored: 1,
      duplicates: 0,
      rejected: [
        { line: 1, reason: "node is not x-merlon-node — a node sends its own lines only" },
        { line: 2, reason: expect.stringContaining("path: ") },
      ],
      rejected_count: 2,
    },
  ]);
  const foreign = { ...good, node: "shop-1" };
  expect(await sent([foreign], workload)).toEqual([422, expect.objectContaining({ stored: 0, rejected_count: 1 })]);
  expect(await sent([{ ...foreign, app: "shop" }], workload)).toEqual([200, { stored: 1, duplicates: 0 }]);
  expect((await sent([{ ...good, host: "half \ud800" }]))[0]).toBe(422);
  await store.settled();
  expect((await store.endpoints(null, { from: 0, to: traffic.nowMs + 1 })).length).toBe(2);
});
