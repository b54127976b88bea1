/** HTTP/1.1 upstreams: one that is down, late, rude or gone, and connections that are used again. */
import { readFileSync } from "node:fs";
import * as https from "node:https";
import * as net from "node:net";
import { describe, expect, test } from "vitest";
import { describeError } from "../../../../hosts/dataplane/sidecar/upstream-http1.ts";
import { freePort } from "../../../tools/free-port.ts";
import { type Certificate, makeCertificate, makeFolder } from "./certificates.ts";
import { connectRaw, eventually, listen, send, startApplication, startRawApplication, startStage } from "./stage.ts";

const PAGE = { accept: "text/html" };

describe("an upstream that is down", () => {
  test("is 502, and named to who sits at the same machine", async () => {
    const upstream = `http://127.0.0.1:${await freePort()}`;
    const { port, sidecar } = await startStage(upstream);
    const page = await send(port, { headers: PAGE });
    expect(page.status).toBe(502);
    expect(page.body).toContain(`${upstream}: ECONNREFUSED`);
    const problem = await send(port);
    expect(JSON.parse(problem.body)).toMatchObject({ status: 502, detail: expect.stringContaining(upstream) });
    expect(sidecar.counters.upstreamErrors.connect).toBe(2);
    expect(sidecar.counters).toMatchObject({ requests: 2, inspected: 2, blocked: 0 });
  });

  test("is 502 without a name for who came through another proxy", async () => {
    const upstream = `http://127.0.0.1:${await freePort()}`;
    const { port } = await startStage(upstream);
    const reply = await send(port, { headers: { ...PAGE, "x-forwarded-for": "192.0.2.1" } });
    expect(reply.status).toBe(502);
    expect(reply.body).not.toContain("127.0.0.1");
    expect(reply.body).not.toContain("ECONNREFUSED");
  });

  test("is 502 for a body that was held, too", async () => {
    const { port } = await startStage(`http://127.0.0.1:${await freePort()}`);
    expect((await send(port, { method: "POST" }, "body")).status).toBe(502);
  });

  test("is used again as soon as it is back", async () => {
    const gone = await freePort();
    const { port } = await startStage(`http://127.0.0.1:${gone}`);
    expect((await send(port)).status).toBe(502);
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nback"));
    });
    await new Promise<void>((resolve) => server.listen(gone, "127.0.0.1", resolve));
    expect(await send(port)).toMatchObject({ status: 200, body: "back" });
    server.close();
  });
});

describe("an upstream that is late", () => {
  test("is 504 when the head does not come, and its request is given up", async () => {
    let closed = false;
    const application = await startApplication((request) => {
      request.on("close", () => {
        closed = true;
      });
    });
    const { port, sidecar } = await startStage(application, { timeouts: { upstreamHeadMs: 100 } });
    expect((await send(port)).status).toBe(504);
    await eventually(() => closed);
    expect(sidecar.counters.upstreamErrors.timeout).toBe(1);
  });

  test("is not cut while it answers, however slowly", async () => {
    const application = await startApplication((_request, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 500);
    });
    const { port } = await startStage(application, { timeouts: { upstreamHeadMs: 100 } });
    expect(await send(port)).toMatchObject({ status: 200, body: "ab" });
  });

  test("is 504 when it takes no bytes of a body", async () => {
    const application = await startRawApplication((socket) => socket.pause());
    const { port, sidecar } = await startStage(application, { timeouts: { upstreamHeadMs: 200 }, holdBytes: 1024 });
    const client = await connectRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    const block = Buffer.alloc(65536);
    const pump = (): void => {
      while (!client.ended && client.socket.write(block));
      client.socket.once("drain", pump);
    };
    pump();
    await client.until(/^HTTP\/1\.1 504 /);
    expect(sidecar.counters).toMatchObject({ slowClients: 0 });
  });
});

describe("an upstream that is rude", () => {
  test.each([
    ["closes without an answer", ""],
    ["answers with garbage", "garbage\r\n\r\n"],
    ["answers with two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    ["sends a head that is too large", `HTTP/1.1 200 OK\r\nX: ${"a".repeat(100_000)}\r\n\r\n`],
    ["switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
  ])("%s: 502", async (_name, bytes) => {
    const application = await startRawApplication((socket) => {
      socket.once("data", () => socket.end(bytes));
    });
    const { port, sidecar } = await startStage(application);
    expect((await send(port, { method: "POST" }, "x")).status).toBe(502);
    expect(sidecar.counters.upstreamErrors.reset).toBe(1);
  });
});

describe("an upstream with TLS", () => {
  async function startSecure(): Promise<{ upstream: string; files: Certificate; names: string[] }> {
    const files = makeCertificate(makeFolder(), "app.test");
    const names: string[] = [];
    const server = https.createServer(
      {
        key: readFileSync(files.keyFile),
        cert: readFileSync(files.certFile),
        SNICallback: (name, done) => {
          names.push(name);
          done(null);
        },
      },
      (request, response) => response.end(`secure ${request.headers.host}`),
    );
    return { upstream: `https://127.0.0.1:${await listen(server)}`, files, names };
  }

  test("is verified by its own name, not by what clients call it", async () => {
    const { upstream, files, names } = await startSecure();
    const { port } = await startStage(upstream, { upstreamTls: { caFile: files.certFile, serverName: "app.test" } });
    for (const host of ["site.test", "evil.test", "site.test"]) {
      expect(await send(port, { headers: { host } })).toMatchObject({ status: 200, body: `secure ${host}` });
    }
    expect(await send(port, { method: "OPTIONS", path: "*" })).toMatchObject({ status: 200 });
    expect(new Set(names)).toEqual(new Set(["app.test"]));
  });

  test("is 502 where its certificate does not verify, and used where that is allowed", async () => {
    const { upstream } = await startSecure();
    const strict = await startStage(upstream);
    const reply = await send(strict.port);
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.body).detail).toContain("SELF_SIGNED");
    expect(strict.sidecar.counters.upstreamErrors.connect).toBe(1);
    const lax = await startStage(upstream, { upstreamTls: { insecure: true } });
    expect((await send(lax.port)).status).toBe(200);
  });
});

test("connections are used again, and a request that met a closing one is sent once more if it may be", async () => {
  let connections = 0;
  const served: string[] = [];
  const application = await startRawApplication((socket) => {
    connections++;
    let requests = 0;
    socket.on("data", (chunk) => {
      const [line = ""] = chunk.toString().split("\r\n");
      // The second request on a connection finds it closed, as when a keep-alive time runs out at that moment.
      if (++requests === 2) {
        socket.destroy();
        return;
      }
      served.push(line);
      if (line.startsWith("POST")) {
        socket.destroy();
        return;
      }
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
  const { port, sidecar } = await startStage(application);
  expect((await send(port, { path: "/1" })).status).toBe(200);
  expect((await send(port, { path: "/2" })).status).toBe(200);
  expect(connections).toBe(2);
  expect((await send(port, { path: "/3", method: "POST" }, "x")).status).toBe(502);
  expect(served).toEqual(["GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "POST /3 HTTP/1.1"]);
  expect(sidecar.counters).toMatchObject({ upstreamRetries: 1, upstreamErrors: { reset: 1 } });
});

test("clients that leave while connections are being made do not clog the pool", async () => {
  let hold = true;
  const waiting: (() => void)[] = [];
  const application = await startApplication((_request, response) => {
    if (hold) waiting.push(() => response.end());
    else response.end("free");
  });
  const { port, sidecar } = await startStage(application);
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectRaw(port)));
    for (const client of clients) client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (round % 2 === 0) await eventually(() => sidecar.counters.activeRequests === 20);
    for (const client of clients) client.socket.destroy();
    await eventually(() => sidecar.counters.activeConnections === 0);
  }
  hold = false;
  const replies = await Promise.all(Array.from({ length: 40 }, () => send(port)));
  expect(replies.every(({ body }) => body === "free")).toBe(true);
  expect(sidecar.counters.activeRequests).toBe(0);
});

test.each<[unknown, string, string]>([
  [{ code: "UND_ERR_CONNECT_TIMEOUT" }, "timeout", "no connection in time"],
  [{ code: "ETIMEDOUT" }, "timeout", "no connection in time"],
  [new AggregateError([{ code: "ECONNREFUSED" }]), "connect", "ECONNREFUSED"],
  [{ cause: { code: "ENOTFOUND" } }, "connect", "ENOTFOUND"],
  [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }, "connect", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  [{ code: "ECONNRESET" }, "reset", "ECONNRESET"],
  ["text", "reset", "unknown"],
  [null, "reset", "unknown"],
])("the failure of %j is %s", (error, kind, reason) => {
  expect(describeError(error)).toEqual({ kind, reason, code: null });
});
