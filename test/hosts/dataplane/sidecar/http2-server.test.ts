/** HTTP/2 with prior knowledge on the port that also takes HTTP/1. */
import * as http2 from "node:http2";
import { describe, expect, test } from "vitest";
import { STREAMS_MAX } from "../../../../hosts/dataplane/sidecar/http2-server.ts";
import {
  connectHttp2,
  connectRaw,
  eventually,
  readAll,
  replyOf,
  type Stage,
  send,
  startApplication,
  startStage,
} from "./stage.ts";
import { ATTACK } from "./word-inspector.ts";

async function startEcho(): Promise<{ stage: Stage; requests: string[] }> {
  const requests: string[] = [];
  const application = await startApplication((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void readAll(request).then(
      (body) => {
        response.setHeader("x-two", ["a", "b"]);
        response.end(JSON.stringify({ headers: request.rawHeaders, body: body.toString("latin1") }));
      },
      () => {},
    );
  });
  return { stage: await startStage(application), requests };
}

test("a request goes to an HTTP/1 application and back", async () => {
  const { stage, requests } = await startEcho();
  const session = connectHttp2(stage.port);
  const stream = session.request(
    [
      ":method",
      "POST",
      ":scheme",
      "http",
      ":authority",
      "site.test",
      ":path",
      "/a?b",
      "cookie",
      "a=1",
      "cookie",
      "b=2",
    ],
    { endStream: false },
  );
  stream.end("body");
  const reply = await replyOf(stream);
  expect(reply).toMatchObject({ status: 200, code: 0 });
  expect(reply.headers["x-two"]).toBe("a, b");
  expect(reply.headers["connection"]).toBeUndefined();
  const seen = JSON.parse(reply.body);
  expect(seen.body).toBe("body");
  expect(seen.headers).toEqual([
    "host",
    "site.test",
    "connection",
    "keep-alive",
    "cookie",
    "a=1; b=2",
    "x-forwarded-for",
    "127.0.0.1",
    "x-forwarded-proto",
    "http",
    "x-forwarded-host",
    "site.test",
    "content-length",
    "4",
  ]);
  expect(requests).toEqual(["POST /a?b"]);
  expect(stage.inspector.heads[0]).toMatchObject({ target: "/a?b", authority: "site.test" });
  expect(stage.inspector.heads[0]?.rawHeaders).toEqual(["host", "site.test", "cookie", "a=1; b=2"]);
});

test("both protocols and many streams share the port", async () => {
  const { stage } = await startEcho();
  const session = connectHttp2(stage.port);
  const replies = await Promise.all([
    ...Array.from({ length: 100 }, (_, i) => replyOf(session.request({ ":path": `/${i}` }))),
    send(stage.port),
  ]);
  expect(replies.every(({ status }) => status === 200)).toBe(true);
  expect(stage.sidecar.counters).toMatchObject({ requests: 101, inspected: 101, connections: 2 });
});

describe("a blocked request", () => {
  test("gets the block page and costs its stream only", async () => {
    const { stage, requests } = await startEcho();
    const session = connectHttp2(stage.port);
    const bad = session.request({ ":path": `/${ATTACK}`, accept: "text/html" });
    const reply = await replyOf(bad);
    expect(reply).toMatchObject({ status: 403, code: 0 });
    expect(reply.body).toContain(String(reply.headers["x-merlon-ref"]));
    expect(await replyOf(session.request({ ":path": "/good" }))).toMatchObject({ status: 200 });
    expect(requests).toEqual(["GET /good"]);
  });

  test("is answered although its body has not ended", async () => {
    const { stage, requests } = await startEcho();
    const session = connectHttp2(stage.port);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.write(ATTACK);
    expect(await replyOf(stream)).toMatchObject({ status: 403, code: http2.constants.NGHTTP2_NO_ERROR });
    expect(requests).toEqual([]);
    await eventually(() => stage.sidecar.counters.activeRequests === 0);
    expect(stage.sidecar.counters).toMatchObject({ blocked: 1, clientAborts: 0 });
  });

  test("is reset once some of it went on", async () => {
    const { stage } = await startEcho();
    const session = connectHttp2(stage.port);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.write(Buffer.alloc(600 * 1024, "a"));
    await eventually(() => stage.sidecar.counters.failedOpen.oversize === 1);
    stream.write(ATTACK);
    const reply = await replyOf(stream);
    expect(reply).toMatchObject({ status: 0, code: http2.constants.NGHTTP2_CANCEL });
    expect(stage.sidecar.counters).toMatchObject({ blocked: 0, partiallyBlocked: 1 });
  });
});

describe("requests that are refused", () => {
  test.each<[string, string[], number]>([
    ["a Host that disagrees", [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "host", "b"], 400],
    ["a method that is not known", [":method", "BREW", ":scheme", "http", ":authority", "a", ":path", "/"], 400],
    [
      "a head beyond the limit",
      [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/", "x", "y".repeat(33_000)],
      431,
    ],
  ])("%s: %s", async (_name, head, status) => {
    const { stage, requests } = await startEcho();
    const reply = await replyOf(connectHttp2(stage.port).request(head));
    expect(reply.status).toBe(status);
    expect(requests).toEqual([]);
    expect(stage.sidecar.counters).toMatchObject({ requests: 1, skipped: 1 });
  });

  test("CONNECT", async () => {
    const { stage } = await startEcho();
    const stream = connectHttp2(stage.port).request({ ":method": "CONNECT", ":authority": "a:80" });
    expect((await replyOf(stream)).status).toBe(405);
  });

  test("what HTTP/2 itself forbids never becomes a request", async () => {
    const { stage, requests } = await startEcho();
    const basis = [":method", "GET", ":scheme", "http", ":path", "/"];
    const named = [...basis, ":authority", "a"];
    const malformed = [
      [...named, "transfer-encoding", "chunked"],
      [...named, "connection", "x"],
      [...named, "X-Upper", "1"],
      [...named, "host", "b", "host", "c"],
      basis,
      [...named, "x", "1", ":path", "/b"],
      [...named, ":path", "/b"],
      [...named, "content-length", "1", "content-length", "2"],
      [...named, "te", "gzip"],
    ];
    for (const fields of malformed) {
      const client = await connectRaw(stage.port);
      client.write(openingOf(fields));
      await eventually(() => client.ended || frameTypes(client.received).some((type) => type === 3 || type === 7));
      client.socket.destroy();
    }
    expect(requests).toEqual([]);
  });
});

/** What a client sends first: preface, settings, and a request written by hand, as no client library would. */
function openingOf(fields: readonly string[]): Buffer {
  const block = fields.flatMap((text, i) => [...(i % 2 === 0 ? [0] : []), text.length, ...Buffer.from(text, "latin1")]);
  const frame = Buffer.alloc(9);
  frame.writeUIntBE(block.length, 0, 3);
  // HEADERS with END_STREAM and END_HEADERS on stream 1 (RFC 9113 §6.2).
  frame[3] = 1;
  frame[4] = 5;
  frame.writeUInt32BE(1, 5);
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  return Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings, frame, Buffer.from(block)]);
}

/** The types of the frames in what came back: 3 is RST_STREAM, 7 is GOAWAY (RFC 9113 §6). */
function frameTypes(received: string): number[] {
  const bytes = Buffer.from(received, "latin1");
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3] ?? -1);
  return types;
}

test("a client that closes its half is gone, and its streams with it", async () => {
  const application = await startApplication(() => {});
  const stage = await startStage(application);
  const client = await connectRaw(stage.port);
  client.write(openingOf([":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a"]));
  await eventually(() => stage.sidecar.counters.activeRequests === 1);
  client.socket.end();
  await eventually(() => stage.sidecar.counters.activeConnections === 0);
  expect(stage.sidecar.counters).toMatchObject({ activeRequests: 0, clientAborts: 1 });
});

test("a client may not have more streams than are offered", async () => {
  const application = await startApplication(() => {});
  const stage = await startStage(application);
  const session = connectHttp2(stage.port);
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  expect(session.remoteSettings.maxConcurrentStreams).toBe(STREAMS_MAX);
  for (let i = 0; i < STREAMS_MAX + 20; i++) session.request({ ":path": "/" }).on("error", () => {});
  await eventually(() => stage.sidecar.counters.activeRequests === STREAMS_MAX);
  session.destroy();
  await eventually(() => stage.sidecar.counters.activeRequests === 0);
  // Requests that waited for a stream may still have come while the client was leaving.
  expect(stage.sidecar.counters.clientAborts).toBeGreaterThanOrEqual(STREAMS_MAX);
});

test("a session without requests is closed after the idle time", async () => {
  const application = await startApplication((_request, response) => response.end());
  const { port, sidecar } = await startStage(application, { timeouts: { idleMs: 100 } });
  const session = connectHttp2(port);
  expect(await replyOf(session.request({ ":path": "/" }))).toMatchObject({ status: 200 });
  await eventually(() => sidecar.counters.activeConnections === 0);
});
