/** HTTP/1 over real sockets: what is refused, what keeps a connection, what a request looks like behind the proxy. */
import { describe, expect, test } from "vitest";
import { PIPELINED_MAX } from "../../../../hosts/dataplane/sidecar/http1-server.ts";
import { connectRaw, eventually, readAll, type Stage, send, startApplication, startStage } from "./stage.ts";
import { ATTACK } from "./word-inspector.ts";

/** An application that says what it was asked. */
async function startEcho(): Promise<{ stage: Stage; requests: string[] }> {
  const requests: string[] = [];
  const application = await startApplication((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void readAll(request).then(
      (body) => {
        response.end(JSON.stringify({ url: request.url, headers: request.rawHeaders, body: body.toString("latin1") }));
      },
      () => {},
    );
  });
  return { stage: await startStage(application), requests };
}

function post(lines: string, body = ""): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;
}

describe("ambiguous or broken requests are answered 400, the connection closes, and nothing goes on", () => {
  test.each<[string, string]>([
    ["length with coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
    ["coding with length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n")],
    ["a repeated length", post("Content-Length: 2\r\nContent-Length: 2", "ab")],
    ["two lengths", post("Content-Length: 2\r\nContent-Length: 3", "ab")],
    ["a list of lengths", post("Content-Length: 2, 2", "ab")],
    ["a signed length", post("Content-Length: +2", "ab")],
    ["a hexadecimal length", post("Content-Length: 0x2", "ab")],
    ["a negative length", post("Content-Length: -1", "ab")],
    ["an empty length", post("Content-Length: ")],
    ["a length beyond 2^64", post("Content-Length: 99999999999999999999999999", "ab")],
    ["a coding before chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")],
    ["a coding after chunked", post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n")],
    ["an unknown coding", post("Transfer-Encoding: xchunked", "0\r\n\r\n")],
    ["a quoted coding", post('Transfer-Encoding: "chunked"', "0\r\n\r\n")],
    ["an empty item before chunked", post("Transfer-Encoding: ,chunked", "0\r\n\r\n")],
    ["chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
    ["a control character before chunked", post("Transfer-Encoding: \x0bchunked", "0\r\n\r\n")],
    ["a folded coding", post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n")],
    ["chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a look-alike coding", post("Transfer_Encoding: chunked\r\nContent-Length: 0")],
    ["a space before the colon", post("Content-Length : 2", "ab")],
    ["a tab before the colon", post("X-A\t: 2")],
    ["a folded header", post("X-A: b\r\n c")],
    ["a folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
    ["bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"],
    ["bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"],
    ["bare LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"],
    ["bare CR in a value", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"],
    ["bare CR before a header", "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n"],
    ["NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"],
    ["NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["no name", post(": x")],
    ["no colon", post("XA")],
    ["two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["a target that is another site's", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["no HTTP at all", "HELO mail.test\r\n"],
    ["a chunk size that is none", post("Transfer-Encoding: chunked", "0x3\r\nabc\r\n0\r\n\r\n")],
    ["a negative chunk", post("Transfer-Encoding: chunked", "-3\r\nabc\r\n0\r\n\r\n")],
    ["a chunk beyond 2^64", post("Transfer-Encoding: chunked", "ffffffffffffffff1\r\nabc\r\n0\r\n\r\n")],
    ["a chunk longer than said", post("Transfer-Encoding: chunked", "3\r\nabcd\r\n0\r\n\r\n")],
    ["bare LF after a chunk size", post("Transfer-Encoding: chunked", "3\nabc\r\n0\r\n\r\n")],
    ["bare LF after a chunk", post("Transfer-Encoding: chunked", "3\r\nabc\n0\r\n\r\n")],
    ["a chunk size with a space", post("Transfer-Encoding: chunked", "3 \r\nabc\r\n0\r\n\r\n")],
    ["a length in the trailers", post("Transfer-Encoding: chunked", "0\r\nContent-Length: 5\r\n\r\n")],
    ["a coding in the trailers", post("Transfer-Encoding: chunked", "0\r\nTransfer-Encoding: chunked\r\n\r\n")],
    ["a folded trailer", post("Transfer-Encoding: chunked", "0\r\nX: v\r\n w\r\n\r\n")],
  ])("%s", async (_name, bytes) => {
    const { stage, requests } = await startEcho();
    const client = await connectRaw(stage.port);
    client.write(`${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    const text = await client.end();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(text.toLowerCase()).toContain("\r\nconnection: close\r\n");
    expect(text.toLowerCase()).toContain("\r\nx-merlon-ref: ");
    const { counters } = stage.sidecar;
    await eventually(() => counters.activeConnections === 0);
    expect(requests).toEqual([]);
    expect(counters.requests).toBe(1);
    expect(counters.skipped + counters.malformedBodies).toBe(1);
  });
});

test.each<[string, string, number]>([
  ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405],
  ["an unknown expectation", post("Expect: rain\r\nContent-Length: 1"), 417],
  ["a later version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
  ["a head beyond the limit", post(`X: ${"a".repeat(40_000)}`), 431],
  ["a target beyond the limit", `GET /${"a".repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  ["more headers than are taken", post("X: 1\r\n".repeat(300).trimEnd()), 431],
])("%s is answered with a status of its own", async (_name, bytes, status) => {
  const { stage, requests } = await startEcho();
  const client = await connectRaw(stage.port);
  client.write(bytes);
  expect(await client.end()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(requests).toEqual([]);
  expect(stage.sidecar.counters).toMatchObject({ requests: 1, skipped: 1, blocked: 0 });
});

test("garbage behind a good request is answered after that request", async () => {
  const { stage } = await startEcho();
  const client = await connectRaw(stage.port);
  client.write("GET /good HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n");
  const text = await client.end();
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
  expect(stage.sidecar.counters).toMatchObject({ requests: 2, inspected: 1, skipped: 1 });
});

test("the application gets the request as it was sent, without hop-by-hop and our own headers", async () => {
  const { stage } = await startEcho();
  const client = await connectRaw(stage.port);
  const lines = "X-One: \xe9\r\nCookie: a=b\r\nX-Merlon-Mode: off\r\nConnection: X-Hop\r\nX-Hop: 1\r\nx-one: 2";
  client.write(`GET /a%20b?c=%27&d HTTP/1.1\r\nHost: Site.test:81\r\n${lines}\r\nAccept: */*\r\n\r\n`);
  const seen = JSON.parse(Buffer.from((await client.until(/\{.*\}/s))[0], "latin1").toString());
  expect(seen.url).toBe("/a%20b?c=%27&d");
  expect(seen.headers).toEqual([
    "host",
    "Site.test:81",
    "connection",
    "keep-alive",
    "X-One",
    "\xe9",
    "Cookie",
    "a=b",
    "x-one",
    "2",
    "Accept",
    "*/*",
    "x-forwarded-for",
    "127.0.0.1",
    "x-forwarded-proto",
    "http",
    "x-forwarded-host",
    "Site.test:81",
  ]);
  expect(stage.inspector.heads[0]).toMatchObject({
    method: "GET",
    target: "/a%20b?c=%27&d",
    authority: "Site.test:81",
    scheme: "http",
  });
  expect(stage.inspector.heads[0]?.rawHeaders).toContain("X-Hop");
  expect(stage.inspector.heads[0]?.rawHeaders).not.toContain("X-Merlon-Mode");
  expect(stage.inspector.peers).toEqual(["127.0.0.1"]);
});

test("requests sent ahead are answered in order on one connection, each inspected", async () => {
  const { stage, requests } = await startEcho();
  const client = await connectRaw(stage.port);
  const heads = Array.from({ length: 20 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`);
  client.write(heads.join(""));
  await eventually(() => (client.received.match(/HTTP\/1\.1 200/g) ?? []).length === 20);
  const order = [...client.received.matchAll(/"url":"\/(\d+)"/g)].map((match) => Number(match[1]));
  expect(order).toEqual(heads.map((_, i) => i));
  expect(requests).toHaveLength(20);
  expect(stage.sidecar.counters).toMatchObject({ requests: 20, inspected: 20, connections: 1 });
});

test("a blocked request among requests sent ahead is the only one that is blocked", async () => {
  const { stage, requests } = await startEcho();
  const client = await connectRaw(stage.port);
  const attack = `POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: ${ATTACK.length}\r\n\r\n${ATTACK}`;
  client.write(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${attack}GET /2 HTTP/1.1\r\nHost: a\r\n\r\n`);
  await eventually(() => client.received.includes('"url":"/2"'));
  expect(client.received.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403", "HTTP/1.1 200"]);
  expect(requests.sort()).toEqual(["GET /1", "GET /2"]);
});

test("more requests sent ahead than are taken cost the connection", async () => {
  const application = await startApplication(() => {});
  const stage = await startStage(application);
  const client = await connectRaw(stage.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(PIPELINED_MAX + 1));
  await client.end();
  await eventually(() => stage.sidecar.counters.activeRequests === 0);
  const { counters } = stage.sidecar;
  expect(counters.refused.overload).toBe(1);
  expect(counters).toMatchObject({ requests: PIPELINED_MAX + 1, inspected: PIPELINED_MAX, skipped: 1 });
});

test("the connection is kept for HTTP/1.1, closed for HTTP/1.0 and when the client says so", async () => {
  const { stage } = await startEcho();
  const kept = await connectRaw(stage.port);
  kept.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  await kept.until(/"url":"\/1"/);
  kept.write("GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await kept.end()).toContain('"url":"/2"');
  const old = await connectRaw(stage.port);
  old.write("GET /3 HTTP/1.0\r\n\r\n");
  expect(await old.end()).toContain('"url":"/3"');
});

test("a request is the same at every split", async () => {
  const { stage, requests } = await startEcho();
  const lines = "Host: a\r\nTransfer-Encoding: chunked\r\nConnection: close";
  const bytes = `POST /s?q=1 HTTP/1.1\r\n${lines}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
  await Promise.all(
    Array.from({ length: bytes.length - 1 }, async (_, i) => {
      const client = await connectRaw(stage.port);
      client.socket.setNoDelay(true);
      client.write(bytes.slice(0, i + 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.write(bytes.slice(i + 1));
      expect(await client.end()).toContain('"body":"hello"');
    }),
  );
  expect(new Set(requests)).toEqual(new Set(["POST /s?q=1"]));
  expect(stage.sidecar.counters).toMatchObject({ requests: bytes.length - 1, inspected: bytes.length - 1 });
});

test("a connection without requests is closed after the idle time", async () => {
  const application = await startApplication((_request, response) => response.end("ok"));
  const { port, sidecar } = await startStage(application, { timeouts: { idleMs: 50 } });
  const client = await connectRaw(port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(/ok$/);
  await client.end();
  expect(sidecar.counters).toMatchObject({ slowClients: 0, clientAborts: 0 });
});

test("100-continue is said once the head has passed, and not if it was blocked", async () => {
  const { stage, requests } = await startEcho();
  const good = await connectRaw(stage.port);
  good.write("POST /good HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  await good.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  expect(requests).toEqual([]);
  good.write("ab");
  expect((await good.until(/\{.*\}/s))[0]).toContain('"body":"ab"');
  const bad = await connectRaw(stage.port);
  bad.write(`POST /${ATTACK} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
  const text = await bad.end();
  expect(text).toMatch(/^HTTP\/1\.1 403 /);
  expect(text).toContain("connection: close");
  expect(requests).toEqual(["POST /good"]);
});

test("without a body there is none in the answers to HEAD, 204 and 304", async () => {
  const application = await startApplication((request, response) => {
    const status = Number(request.url?.slice(1));
    if (request.method === "HEAD") response.writeHead(status, { "content-length": "1234" }).end();
    else response.writeHead(status, { etag: '"x"' }).end();
  });
  const { port, sidecar } = await startStage(application);
  expect(await send(port, { method: "HEAD", path: "/200" })).toMatchObject({
    status: 200,
    body: "",
    headers: { "content-length": "1234" },
  });
  expect(await send(port, { path: "/204" })).toMatchObject({ status: 204, body: "", headers: { etag: '"x"' } });
  expect(await send(port, { path: "/304" })).toMatchObject({ status: 304, body: "" });
  expect(sidecar.counters).toMatchObject({ requests: 3, inspected: 3 });
});
