/** The client's half of HTTP/1: streaming without delay, back-pressure, ends and cuts that cannot be mistaken. */
import * as http from "node:http";
import { expect, test } from "vitest";
import {
  connectRaw,
  eventually,
  send,
  standStill,
  startApplication,
  startRawApplication,
  startStage,
} from "./stage.ts";

test("server-sent events arrive one by one, and the head before the first", async () => {
  const responses: http.ServerResponse[] = [];
  const application = await startApplication((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.flushHeaders();
    responses.push(response);
  });
  const { port, sidecar } = await startStage(application);
  const client = await connectRaw(port);
  client.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(/content-type: text\/event-stream\r\n.*\r\n\r\n/s);
  expect(client.received).not.toContain("data:");
  // The transaction does not stay parked for as long as the stream lasts.
  expect(sidecar.counters).toMatchObject({ requests: 1, inspected: 1, activeRequests: 1 });
  for (let i = 0; i < 3; i++) {
    responses[0]?.write(`data: ${i}\n\n`);
    await client.until(new RegExp(`data: ${i}`));
  }
  responses[0]?.end();
  await client.until(/\r\n0\r\n\r\n$/);
});

test("a client that leaves ends the request at the application", async () => {
  let closed = false;
  const application = await startApplication((_request, response) => {
    response.on("close", () => {
      closed = !response.writableFinished;
    });
    response.write("begin");
  });
  const { port, sidecar } = await startStage(application);
  const client = await connectRaw(port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(/begin/);
  client.socket.destroy();
  await eventually(() => closed);
  await eventually(() => sidecar.counters.activeRequests === 0);
  expect(sidecar.counters).toMatchObject({ clientAborts: 1, requests: 1, inspected: 1 });
});

test("a client that leaves before the application answered ends it as well", async () => {
  let arrived = false;
  let closed = false;
  const application = await startApplication((request) => {
    arrived = true;
    request.on("close", () => {
      closed = true;
    });
  });
  const { port, sidecar, verdicts } = await startStage(application);
  const client = await connectRaw(port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => arrived);
  client.socket.resetAndDestroy();
  await eventually(() => closed);
  await eventually(() => sidecar.counters.clientAborts === 1);
  expect(verdicts).toMatchObject([{ status: 0 }]);
});

test("a client that leaves in the middle of its body leaves nothing behind", async () => {
  const requests: string[] = [];
  const application = await startApplication((request, response) => {
    requests.push(request.url ?? "");
    response.end();
  });
  const { port, sidecar } = await startStage(application);
  const client = await connectRaw(port);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
  await eventually(() => sidecar.counters.heldBytes === 4);
  client.socket.destroy();
  await eventually(() => sidecar.counters.activeRequests === 0);
  expect(sidecar.counters).toMatchObject({ clientAborts: 1, heldBytes: 0 });
  expect(requests).toEqual([]);
});

test("an upstream that breaks off in the middle of a response cuts the client, whatever the framing", async () => {
  const heads = ["Content-Length: 100", "Transfer-Encoding: chunked"];
  for (const head of heads) {
    const chunk = head.startsWith("T") ? "4\r\nhalf\r\n" : "half";
    const application = await startRawApplication((socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${chunk}`);
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    const { port, sidecar } = await startStage(application);
    const outcome = await send(port).then(
      ({ status }) => `answered ${status}`,
      (error: NodeJS.ErrnoException) => `cut ${error.code}`,
    );
    expect(outcome).toBe("cut ECONNRESET");
    expect(sidecar.counters.upstreamErrors.reset).toBe(1);
  }
});

test("a body that ends with the connection ends in chunks for HTTP/1.1", async () => {
  const application = await startRawApplication((socket) => {
    socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nuntil the end"));
  });
  const { port } = await startStage(application);
  const reply = await send(port);
  expect(reply).toMatchObject({ status: 200, body: "until the end" });
  expect(reply.headers["transfer-encoding"]).toBe("chunked");
});

test("a client that does not read stops the application, and gets everything in the end", async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  const application = await startApplication((_request, response) => {
    const block = Buffer.alloc(64 * 1024, "x");
    const pump = (): void => {
      while (written < total) {
        written += block.length;
        if (!response.write(block)) {
          response.once("drain", pump);
          return;
        }
      }
      response.end();
    };
    pump();
  });
  const { port, sidecar } = await startStage(application);
  const client = await connectRaw(port);
  client.socket.pause();
  client.write("GET / HTTP/1.0\r\n\r\n");
  await standStill(() => written);
  expect(written).toBeLessThan(total / 2);
  let received = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk) => {
    received += chunk.length;
  });
  client.socket.resume();
  await client.end();
  expect(received).toBeGreaterThan(total);
  expect(sidecar.counters.bytesOut).toBe(total);
});

test("trailers of the response come behind the body", async () => {
  const application = await startApplication((_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    response.addTrailers({ "x-sum": "42", "set-cookie": "a=b" });
    response.end();
  });
  const { port } = await startStage(application);
  const reply = await send(port);
  expect(reply).toMatchObject({ body: "body", trailers: { "x-sum": "42" } });
  expect(reply.trailers["set-cookie"]).toBeUndefined();
});

test("an answer that comes before the end of the upload reaches the client", async () => {
  const application = await startApplication((request, response) => {
    request.once("data", () => response.writeHead(413, { connection: "close" }).end("too much"));
  });
  const { port, sidecar } = await startStage(application, { holdBytes: 1024 });
  const client = await connectRaw(port);
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n${"x".repeat(2000)}`);
  await client.until(/^HTTP\/1\.1 413 .*too much/s);
  client.write("x".repeat(48_000));
  await eventually(() => sidecar.counters.activeRequests === 0);
  client.write("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => sidecar.counters.activeRequests === 1);
  expect(sidecar.counters).toMatchObject({ connections: 1, bytesIn: 2000 });
});

test("early hints go through", async () => {
  const application = await startApplication((_request, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
    response.end("page");
  });
  const { port } = await startStage(application);
  const client = await connectRaw(port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/style\.css>.*\r\n\r\nHTTP\/1\.1 200 OK.*page/is);
});

test("a response head that Node will not write is a broken upstream to the client", async () => {
  const application = await startRawApplication((socket) => {
    socket.once("data", () => socket.write("HTTP/1.1 200 Fine\xe9\r\nContent-Length: 2\r\n\r\nok", "latin1"));
  });
  const { port } = await startStage(application);
  expect(await send(port)).toMatchObject({ status: 200, body: "ok" });
});

test("many clients share few bytes of state: a hundred at once, each with its own answer", async () => {
  const application = await startApplication((request, response) => response.end(request.url));
  const { port, sidecar } = await startStage(application);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  const replies = await Promise.all(Array.from({ length: 300 }, (_, i) => send(port, { path: `/${i}`, agent })));
  agent.destroy();
  expect(replies.map(({ body }) => body)).toEqual(replies.map((_, i) => `/${i}`));
  expect(sidecar.counters).toMatchObject({ requests: 300, inspected: 300, connections: 20 });
});
