/** WebSocket: the handshake is judged, the tunnel is left alone, and nothing else becomes a tunnel. */
import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import {
  connectRaw,
  eventually,
  type RawClient,
  send,
  standStill,
  startApplication,
  startRawApplication,
  startStage,
} from "./stage.ts";
import { ATTACK } from "./word-inspector.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

function handshake(path = "/chat", extra = ""): string {
  const lines = `Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13`;
  return `GET ${path} HTTP/1.1\r\nHost: site.test\r\n${lines}\r\nSec-WebSocket-Key: ${KEY}\r\n${extra}\r\n`;
}

/** An application that accepts handshakes and hands the sockets to the test. */
async function startChat(onSocket: (socket: Duplex, head: Buffer, headers: string[]) => void) {
  return await startApplication(
    (request, response) => response.end(`plain ${request.url}`),
    (server) => {
      server.on("upgrade", (request, socket, head) => {
        socket.on("error", () => {});
        const key = request.headers["sec-websocket-key"];
        const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        const lines = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`;
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n\r\n`);
        onSocket(socket, head, request.rawHeaders);
      });
    },
  );
}

async function open(port: number): Promise<RawClient> {
  const client = await connectRaw(port);
  client.write(handshake());
  await client.until(/^HTTP\/1\.1 101 Switching Protocols\r\n.*\r\n\r\n/s);
  return client;
}

describe("a WebSocket", () => {
  test("passes through both ways, byte by byte", async () => {
    let headers: string[] = [];
    const application = await startChat((socket, _head, rawHeaders) => {
      headers = rawHeaders;
      socket.on("data", (chunk: Buffer) => socket.write(Buffer.concat([Buffer.from("echo "), chunk])));
    });
    const { port, sidecar, verdicts, inspector } = await startStage(application);
    const client = await open(port);
    expect(client.received).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    client.write("\x81\x05hello\xff");
    await eventually(() => client.received.endsWith("echo \x81\x05hello\xff"));
    expect(headers).toContain("x-forwarded-for");
    expect(headers.filter((name) => name.toLowerCase() === "connection")).toHaveLength(1);
    expect(verdicts).toMatchObject([{ status: 101, path: "/chat" }]);
    expect(inspector.heads[0]?.rawHeaders).toContain("Sec-WebSocket-Key");
    expect(sidecar.counters).toMatchObject({ requests: 1, inspected: 1, upgrades: 1, activeRequests: 0 });
  });

  test("loses nothing that either side sends together with the handshake", async () => {
    const application = await startRawApplication((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst");
        socket.on("data", (chunk) => socket.write(`got ${chunk.toString()}`));
      });
    });
    const { port } = await startStage(application);
    const client = await connectRaw(port);
    client.write(`${handshake()}early`);
    await client.until(/\r\n\r\nfirst.*got early/s);
  });

  test("ends for one side when the other ends or breaks off", async () => {
    const sockets: Duplex[] = [];
    const application = await startChat((socket) => {
      sockets.push(socket);
      socket.on("end", () => socket.end()).resume();
    });
    const { port, sidecar } = await startStage(application);
    const first = await open(port);
    sockets[0]?.end("bye");
    await first.until(/bye$/);
    await first.end();
    const second = await open(port);
    let closed = false;
    sockets[1]?.on("close", () => {
      closed = true;
    });
    second.socket.destroy();
    await eventually(() => closed);
    const third = await open(port);
    sockets[2]?.destroy();
    await third.end();
    await eventually(() => sidecar.counters.activeConnections === 0);
  });

  test("does not time out", async () => {
    const application = await startChat((socket) => socket.on("data", (chunk: Buffer) => socket.write(chunk)));
    const timeouts = {
      headMs: 100,
      bodyIdleMs: 100,
      requestMs: 100,
      sendIdleMs: 100,
      upstreamHeadMs: 100,
      idleMs: 100,
    };
    const { port, sidecar } = await startStage(application, { timeouts });
    const client = await open(port);
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.write("still here");
    await client.until(/still here$/);
    expect(sidecar.counters.slowClients).toBe(0);
  });

  test("has back-pressure", async () => {
    let written = 0;
    const application = await startChat((socket) => {
      const pump = (): void => {
        do written += 65536;
        while (written < 256 * 1024 * 1024 && socket.write(Buffer.alloc(65536)));
        socket.once("drain", pump);
      };
      pump();
    });
    const { port } = await startStage(application);
    const client = await connectRaw(port);
    client.socket.pause();
    client.write(handshake());
    await standStill(() => written);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });
});

test("a blocked handshake is answered with the block page and the connection closes", async () => {
  let reached = false;
  const application = await startChat(() => {
    reached = true;
  });
  const { port, sidecar } = await startStage(application);
  const client = await connectRaw(port);
  client.write(handshake(`/${ATTACK}`));
  const text = await client.end();
  expect(text).toMatch(/^HTTP\/1\.1 403 .*connection: close.*"reference"/s);
  expect(reached).toBe(false);
  expect(sidecar.counters).toMatchObject({ blocked: 1, upgrades: 0 });
});

test("an application that refuses is heard, and what follows the handshake is never read as a request", async () => {
  const requests: string[] = [];
  const application = await startApplication((request, response) => {
    requests.push(request.url ?? "");
    response.writeHead(426, { "x-why": "old" }).end("upgrade yourself");
  });
  const { port, sidecar } = await startStage(application);
  const client = await connectRaw(port);
  client.write(`${handshake()}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
  const text = await client.end();
  expect(text).toMatch(/^HTTP\/1\.1 426 .*x-why: old.*connection: close.*upgrade yourself/is);
  expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(requests).toEqual(["/chat"]);
  expect(sidecar.counters).toMatchObject({ requests: 1, upgrades: 0 });
});

test("an application that is down is 502", async () => {
  const { port } = await startStage("http://127.0.0.1:1");
  const client = await connectRaw(port);
  client.write(handshake());
  expect(await client.end()).toMatch(/^HTTP\/1\.1 502 /);
});

test.each([
  ["h2c", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings"],
  ["several protocols", "Upgrade: websocket, h2c\r\nConnection: Upgrade"],
  ["a handshake without a key", "Upgrade: websocket\r\nConnection: Upgrade"],
])("an upgrade to %s is an ordinary request, without Upgrade", async (_name, lines) => {
  let headers: string[] = [];
  const application = await startApplication((request, response) => {
    headers = request.rawHeaders.map((name) => name.toLowerCase());
    response.end("plain");
  });
  const stage = await startStage(application);
  const { port } = stage;
  const client = await connectRaw(port);
  const upgrade = `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
  client.write(`${upgrade}${upgrade}GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  expect((await client.end()).match(/plain/g)).toHaveLength(3);
  expect(stage.sidecar.counters).toMatchObject({ requests: 3, inspected: 3, connections: 1 });
  expect(headers).not.toContain("upgrade");
  expect(headers).not.toContain("http2-settings");
});

test("an upgrade with a body is served, and the connection closes", async () => {
  const application = await startApplication((request, response) => {
    request.on("end", () => response.end("plain")).resume();
  });
  const { port } = await startStage(application);
  const client = await connectRaw(port);
  const lines = "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2";
  client.write(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\nabGET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
  const text = await client.end();
  expect(text).toMatch(/^HTTP\/1\.1 200 .*connection: close.*plain/is);
  expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test("a handshake does not disturb other requests", async () => {
  const application = await startChat(() => {});
  const { port } = await startStage(application);
  await open(port);
  expect((await send(port, { path: "/x" })).body).toBe("plain /x");
});
