/** Requests that take the direct way to an HTTP/1.1 upstream: with trailers, and `OPTIONS *`. */
import * as net from "node:net";
import { expect, test } from "vitest";
import { connectHttp2, connectRaw, eventually, replyOf, send, startApplication, startStage } from "./stage.ts";
import { ATTACK } from "./word-inspector.ts";

async function startCollector() {
  const seen: { line: string; body: string; trailers: string[]; headers: string[] }[] = [];
  const application = await startApplication((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString("latin1");
    });
    request.on("error", () => {});
    request.on("end", () => {
      const { method, url, rawTrailers: trailers, rawHeaders: headers } = request;
      seen.push({ line: `${method} ${url}`, body, trailers, headers });
      response.end("fine");
    });
  });
  return { application, seen };
}

function chunked(body: string, trailers: string): string {
  const pieces = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
  const lines = "Host: a\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked";
  return `POST /t HTTP/1.1\r\n${lines}\r\n\r\n${pieces}0\r\n${trailers}\r\n`;
}

test.each([
  ["a body that fits the hold", "abc"],
  ["a body that is streamed", "a".repeat(5000)],
  ["no body", ""],
])("trailers go on behind %s", async (_name, body) => {
  const { application, seen } = await startCollector();
  const { port, inspector } = await startStage(application, { holdBytes: 2048 });
  const client = await connectRaw(port);
  client.write(chunked(body, "X-Sum: 42\r\nX-Merlon-Mode: off\r\n"));
  await client.until(/^HTTP\/1\.1 200 .*fine/s);
  expect(seen).toMatchObject([{ line: "POST /t", body, trailers: ["x-sum", "42"] }]);
  expect(inspector.trailers).toEqual([["X-Sum", "42", "X-Merlon-Mode", "off"]]);
});

test("trailers of an HTTP/2 client go on", async () => {
  const { application, seen } = await startCollector();
  const { port } = await startStage(application);
  const stream = connectHttp2(port).request({ ":method": "POST", ":path": "/t" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
  stream.end("abc");
  expect(await replyOf(stream)).toMatchObject({ status: 200, body: "fine" });
  expect(seen).toMatchObject([{ body: "abc", trailers: ["x-sum", "42"] }]);
});

test("a request blocked by its trailers does not go on", async () => {
  const { application, seen } = await startCollector();
  const { port } = await startStage(application);
  const client = await connectRaw(port);
  client.write(chunked("abc", `X-Sum: ${ATTACK}\r\n`));
  await client.until(/^HTTP\/1\.1 403 /);
  expect(seen).toEqual([]);
});

test("OPTIONS * goes on as it is", async () => {
  const { application, seen } = await startCollector();
  const { port } = await startStage(application);
  expect(await send(port, { method: "OPTIONS", path: "*" })).toMatchObject({ status: 200, body: "fine" });
  expect(seen).toMatchObject([{ line: "OPTIONS *" }]);
});

test("a client that leaves ends it, an upstream that is late is 504, one that is down 502", async () => {
  let closed = false;
  const application = await startApplication((request) => {
    request.on("close", () => {
      closed = true;
    });
  });
  const { port, sidecar } = await startStage(application, { timeouts: { upstreamHeadMs: 200 } });
  const client = await connectRaw(port);
  client.write("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => sidecar.counters.activeRequests === 1);
  client.socket.destroy();
  await eventually(() => sidecar.counters.clientAborts === 1);
  await eventually(() => closed);
  expect((await send(port, { method: "OPTIONS", path: "*" })).status).toBe(504);
  const down = await startStage("http://127.0.0.1:1");
  expect((await send(down.port, { method: "OPTIONS", path: "*" })).status).toBe(502);
});

test("an answer before the end of the upload reaches the client", async () => {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : 0);
    });
  });
  const stage = await startStage(`http://127.0.0.1:${port}`, { holdBytes: 1024 });
  const client = await connectRaw(stage.port);
  client.write(
    `POST /t HTTP/1.1\r\nHost: a\r\nTrailer: x\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n${"a".repeat(2048)}`,
  );
  await client.until(/^HTTP\/1\.1 413 .*no/s);
  server.close();
});
