/** The client's half of HTTP/2: interim responses, trailers, back-pressure, streams that are given up. */
import * as http2 from "node:http2";
import { expect, test } from "vitest";
import {
  connectHttp2,
  eventually,
  replyOf,
  standStill,
  startApplication,
  startHttp2Application,
  startRawApplication,
  startStage,
} from "./stage.ts";
import { ATTACK } from "./word-inspector.ts";

test("100-continue and early hints come before the response", async () => {
  const application = await startApplication((request, response) => {
    response.writeEarlyHints({ link: "</a.css>; rel=preload" });
    request.on("end", () => response.end("done")).resume();
  });
  const { port } = await startStage(application);
  const session = connectHttp2(port);
  const stream = session.request({ ":method": "POST", ":path": "/", expect: "100-continue" }, { endStream: false });
  const interim: unknown[] = [];
  stream.on("headers", (fields) => interim.push(fields[":status"], fields["link"]));
  stream.on("continue", () => {
    interim.push("continue");
    stream.end("body");
  });
  expect(await replyOf(stream)).toMatchObject({ status: 200, body: "done" });
  expect(interim).toContain("continue");
  expect(interim).toContain("</a.css>; rel=preload");
});

test("HEAD, 204 and 304 end with their head", async () => {
  const application = await startApplication((request, response) => {
    response.writeHead(Number(request.url?.slice(1)), request.method === "HEAD" ? { "content-length": "9" } : {}).end();
  });
  const { port } = await startStage(application);
  const session = connectHttp2(port);
  const head = await replyOf(session.request({ ":method": "HEAD", ":path": "/200" }));
  expect(head).toMatchObject({ status: 200, body: "", code: 0 });
  expect(head.headers["content-length"]).toBe("9");
  for (const status of [204, 304]) {
    expect(await replyOf(session.request({ ":path": `/${status}` }))).toMatchObject({ status, body: "", code: 0 });
  }
});

test("trailers of an HTTP/1 application become trailers", async () => {
  const application = await startApplication((_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    response.addTrailers({ "x-sum": "42" });
    response.end();
  });
  const { port } = await startStage(application);
  const reply = await replyOf(connectHttp2(port).request({ ":path": "/" }));
  expect(reply).toMatchObject({ status: 200, body: "body", trailers: { "x-sum": "42" }, code: 0 });
});

test("trailers of the request are inspected and go on", async () => {
  const trailers: string[] = [];
  const application = await startHttp2Application((stream) => {
    stream.on("trailers", (_fields: unknown, _flags: unknown, raw: string[]) => trailers.push(...raw));
    stream.resume().on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
  });
  const { port, inspector, sidecar } = await startStage(application);
  const session = connectHttp2(port);
  for (const word of ["fine", ATTACK]) {
    const stream = session.request({ ":method": "POST", ":path": "/" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-t": word }));
    stream.end("body");
    expect((await replyOf(stream)).status).toBe(word === ATTACK ? 403 : 200);
  }
  expect(trailers).toEqual(["x-t", "fine"]);
  expect(inspector.trailers).toEqual([
    ["x-t", "fine"],
    ["x-t", ATTACK],
  ]);
  expect(sidecar.counters.blocked).toBe(1);
});

test("what an application repeats is passed on, however odd", async () => {
  const application = await startRawApplication((socket) => {
    const fields = "ETag: a\r\nETag: b\r\nContent-Type: x/y\r\nContent-Type: y/z\r\nDate: now\r\nDate: then";
    socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: 2\r\n\r\nok`));
  });
  const { port } = await startStage(application);
  const stream = connectHttp2(port).request({ ":path": "/" });
  const raw = new Promise<string[]>((resolve) => stream.on("response", (_h, _f, fields) => resolve(fields)));
  expect(await replyOf(stream)).toMatchObject({ status: 200, body: "ok" });
  expect((await raw).filter((_, i, all) => all[i - 1] === "etag" || all[i - 1] === "date")).toEqual([
    "a",
    "b",
    "now",
    "then",
  ]);
});

test("a stream that is given up ends at the application, and the others go on", async () => {
  let closed = 0;
  const application = await startApplication((request, response) => {
    if (request.url === "/good") {
      response.end("good");
      return;
    }
    response.on("close", () => closed++);
    response.write("begin");
  });
  const { port, sidecar } = await startStage(application);
  const session = connectHttp2(port);
  const stream = session.request({ ":path": "/bad" });
  const reply = replyOf(stream);
  await new Promise((resolve) => stream.once("data", resolve));
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await reply;
  await eventually(() => closed === 1);
  expect(await replyOf(session.request({ ":path": "/good" }))).toMatchObject({ status: 200, body: "good" });
  expect(sidecar.counters).toMatchObject({ clientAborts: 1, requests: 2, inspected: 2 });
});

test.each([
  ["Content-Length: 100", "half"],
  ["Transfer-Encoding: chunked", "4\r\nhalf\r\n"],
])("an upstream that breaks off resets the stream, so that half never looks whole: %s", async (head, half) => {
  const application = await startRawApplication((socket) => {
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${half}`);
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
  });
  const { port } = await startStage(application);
  const reply = await replyOf(connectHttp2(port).request({ ":path": "/" }));
  expect(reply.status).toBe(200);
  expect(reply.code).toBe(http2.constants.NGHTTP2_CANCEL);
});

test("a client that opens no window stops the application, and gets everything in the end", async () => {
  const total = 32 * 1024 * 1024;
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
  const stream = connectHttp2(port).request({ ":path": "/" });
  await new Promise((resolve) => stream.once("response", resolve));
  await standStill(() => written);
  expect(written).toBeLessThan(total / 2);
  let received = 0;
  stream.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await new Promise((resolve) => stream.once("close", resolve));
  expect(received).toBe(total);
  expect(sidecar.counters.bytesOut).toBe(total);
});

test("a stream that the application does not read leaves the others of its connection alone", async () => {
  const application = await startRawApplication((socket) => {
    socket.once("data", (chunk) => {
      if (chunk.includes("/stuck")) socket.pause();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
  const { port, sidecar } = await startStage(application, { holdBytes: 1024 });
  const session = connectHttp2(port);
  const stuck = session.request({ ":method": "POST", ":path": "/stuck" });
  stuck.on("error", () => {});
  const block = Buffer.alloc(65536);
  const pump = (): void => {
    while (stuck.write(block));
    stuck.once("drain", pump);
  };
  pump();
  await standStill(() => sidecar.counters.bytesIn);
  const free = session.request({ ":method": "POST", ":path": "/free" });
  free.end("body");
  expect(await replyOf(free)).toMatchObject({ status: 200, body: "ok" });
  stuck.close();
});

test("a client that sends faster than the application reads is stopped", async () => {
  const application = await startRawApplication((socket) => socket.pause());
  const { port, sidecar } = await startStage(application, { holdBytes: 65536 });
  const stream = connectHttp2(port).request({ ":method": "POST", ":path": "/" });
  stream.on("error", () => {});
  const block = Buffer.alloc(65536);
  const pump = (): void => {
    while (stream.write(block));
    stream.once("drain", pump);
  };
  pump();
  await standStill(() => sidecar.counters.bytesIn);
  expect(sidecar.counters.bytesIn).toBeLessThan(16 * 1024 * 1024);
  stream.close();
});
