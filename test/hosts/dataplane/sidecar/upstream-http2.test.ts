/** HTTP/2 upstreams: gRPC in all its shapes, h2c for everything, failures with the code that the client should see. */
import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import { describe, expect, test } from "vitest";
import { makeCertificate, makeFolder } from "./certificates.ts";
import {
  connectHttp2,
  connectRaw,
  eventually,
  listen,
  replyOf,
  send,
  standStill,
  startHttp2Application,
  startStage,
} from "./stage.ts";
import { ATTACK } from "./word-inspector.ts";

const GRPC = { ":method": "POST", ":path": "/shop.Cart/Add", "content-type": "application/grpc+proto", te: "trailers" };

function message(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** A gRPC server that answers each message with one of its own and ends with status 0. */
async function startGrpc(seen: string[], onHead: (headers: http2.IncomingHttpHeaders) => void = () => {}) {
  return await startHttp2Application((stream, headers) => {
    onHead(headers);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "fine" }));
    stream.on("data", (chunk: Buffer) => {
      seen.push(chunk.toString("latin1"));
      stream.write(message("reply"));
    });
    stream.on("end", () => stream.end());
  });
}

describe("gRPC", () => {
  test("a call goes through with its trailers, te included", async () => {
    const seen: string[] = [];
    let te: unknown;
    const upstream = await startGrpc(seen, (headers) => {
      te = headers["te"];
    });
    const { port, sidecar } = await startStage(upstream);
    const stream = connectHttp2(port).request(GRPC);
    stream.end(message("hello"));
    const reply = await replyOf(stream);
    expect(reply).toMatchObject({ status: 200, code: 0, trailers: { "grpc-status": "0", "grpc-message": "fine" } });
    expect(reply.body).toBe(message("reply").toString("latin1"));
    expect(te).toBe("trailers");
    expect(sidecar.counters).toMatchObject({ requests: 1, inspected: 1 });
  });

  test("both sides talk in turn on one stream, for longer than any time-out", async () => {
    const seen: string[] = [];
    const upstream = await startGrpc(seen);
    const timeouts = { bodyIdleMs: 100, upstreamHeadMs: 100, requestMs: 100 };
    const { port, sidecar } = await startStage(upstream, { timeouts });
    const stream = connectHttp2(port).request(GRPC);
    const reply = replyOf(stream);
    let replies = 0;
    stream.on("data", () => replies++);
    for (let i = 0; i < 3; i++) {
      stream.write(message(`turn ${i}`));
      await eventually(() => replies === i + 1);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    stream.end();
    expect(await reply).toMatchObject({ status: 200, trailers: { "grpc-status": "0" } });
    expect(seen).toHaveLength(3);
    expect(sidecar.counters).toMatchObject({ slowClients: 0, heldBytes: 0 });
  });

  test("half a message is not sent on", async () => {
    const seen: string[] = [];
    const { port, sidecar } = await startStage(await startGrpc(seen));
    const stream = connectHttp2(port).request(GRPC);
    const whole = message("a message in two pieces");
    const reply = replyOf(stream);
    stream.write(Buffer.concat([message("first"), whole.subarray(0, 9)]));
    await eventually(() => seen.length === 1);
    expect(seen.join("")).toBe(message("first").toString("latin1"));
    expect(sidecar.counters.heldBytes).toBe(9);
    stream.end(whole.subarray(9));
    expect(await reply).toMatchObject({ status: 200 });
    expect(seen.join("")).toBe(Buffer.concat([message("first"), whole]).toString("latin1"));
  });

  test("a blocked call is permission denied with its reference, and nothing arrives", async () => {
    const seen: string[] = [];
    const { port, verdicts } = await startStage(await startGrpc(seen));
    const stream = connectHttp2(port).request(GRPC);
    stream.end(message(ATTACK));
    const { status, headers, body, code } = await replyOf(stream);
    expect({ status, body, code }).toEqual({ status: 200, body: "", code: 0 });
    expect(headers).toMatchObject({ "grpc-status": "7", "content-type": "application/grpc" });
    expect(headers["merlon-ref"]).toBe(verdicts[0]?.ref);
    expect(seen).toEqual([]);
  });

  test("a message that is blocked later ends the stream with that status and resets the upstream's", async () => {
    const seen: string[] = [];
    let upstreamCode = -1;
    const upstream = await startHttp2Application((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.on("data", (chunk: Buffer) => {
        seen.push(chunk.toString("latin1"));
        stream.write(message("reply"));
      });
      stream.on("close", () => {
        upstreamCode = stream.rstCode ?? -1;
      });
    });
    const { port, sidecar } = await startStage(upstream);
    const stream = connectHttp2(port).request(GRPC);
    const end = replyOf(stream);
    stream.write(message("good"));
    await new Promise((resolve) => stream.once("data", resolve));
    stream.write(message(ATTACK));
    const reply = await end;
    expect(reply.trailers).toMatchObject({ "grpc-status": "7", "grpc-message": "Request blocked" });
    expect(reply.code).toBe(http2.constants.NGHTTP2_NO_ERROR);
    await eventually(() => upstreamCode === http2.constants.NGHTTP2_CANCEL);
    expect(seen).toEqual([message("good").toString("latin1")]);
    expect(sidecar.counters).toMatchObject({ blocked: 0, partiallyBlocked: 1 });
  });

  test("goes to the same port in HTTP/2 where the upstream is called http", async () => {
    const seen: string[] = [];
    const upstream = (await startGrpc(seen)).replace("h2c:", "http:");
    const { port } = await startStage(upstream);
    const stream = connectHttp2(port).request(GRPC);
    stream.end(message("hello"));
    expect(await replyOf(stream)).toMatchObject({ status: 200, trailers: { "grpc-status": "0" } });
  });

  test("an upstream that is down is unavailable", async () => {
    const { port, sidecar } = await startStage("h2c://127.0.0.1:1");
    const stream = connectHttp2(port).request(GRPC);
    stream.end(message("hello"));
    expect((await replyOf(stream)).headers).toMatchObject({ "grpc-status": "14" });
    expect(sidecar.counters.upstreamErrors.connect).toBe(1);
  });

  test("the upstream's error code reaches the client", async () => {
    const upstream = await startHttp2Application((stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
    const { port } = await startStage(upstream);
    const stream = connectHttp2(port).request(GRPC);
    stream.end(message("hello"));
    expect(await replyOf(stream)).toMatchObject({ status: 0, code: http2.constants.NGHTTP2_REFUSED_STREAM });
  });
});

test("an upstream with TLS is spoken to in HTTP/2 and verified", async () => {
  const files = makeCertificate(makeFolder(), "app.test");
  const server = http2.createSecureServer({ key: readFileSync(files.keyFile), cert: readFileSync(files.certFile) });
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ":status": 200 });
    stream.end("secure");
  });
  const upstream = `h2://127.0.0.1:${await listen(server)}`;
  const good = await startStage(upstream, { upstreamTls: { caFile: files.certFile, serverName: "app.test" } });
  expect(await send(good.port)).toMatchObject({ status: 200, body: "secure" });
  const bad = await startStage(upstream);
  expect((await send(bad.port)).status).toBe(502);
});

describe("h2c for everything", () => {
  test("an HTTP/1 client is served by an HTTP/2 application", async () => {
    const upstream = await startHttp2Application((stream, _headers, rawHeaders) => {
      stream.respond({ ":status": 201, "set-cookie": ["a=1", "b=2"], "x-a": "\xe9" });
      stream.end(JSON.stringify(rawHeaders));
    });
    const { port } = await startStage(upstream);
    const reply = await send(port, { path: "/p?q", headers: { host: "Site.test", "X-Mixed": "1", connection: "x" } });
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({ "set-cookie": ["a=1", "b=2"], "x-a": "\xe9" });
    expect(JSON.parse(reply.body)).toEqual([
      ":method",
      "GET",
      ":path",
      "/p?q",
      ":scheme",
      "http",
      ":authority",
      "Site.test",
      "x-mixed",
      "1",
      "x-forwarded-for",
      "127.0.0.1",
      "x-forwarded-proto",
      "http",
      "x-forwarded-host",
      "Site.test",
    ]);
  });

  test("a head that is odd costs nobody else the session", async () => {
    const sessions = new Set<unknown>();
    const upstream = await startHttp2Application((stream, _headers, rawHeaders) => {
      sessions.add(stream.session);
      stream.respond({ ":status": 200 });
      stream.end(JSON.stringify(rawHeaders));
    });
    const { port } = await startStage(upstream);
    const client = await connectRaw(port);
    client.write(
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a\r\nContent-Type: b\r\nUser-Agent: 1\r\nuser-agent: 2\r\n\r\n",
    );
    await client.until(/"content-type","a","content-type","b","user-agent","1","user-agent","2"/);
    const old = await connectRaw(port);
    old.write("GET / HTTP/1.0\r\n\r\n");
    await old.until(/^HTTP\/1\.1 200 .*":authority","127\.0\.0\.1:\d+"/s);
    expect((await send(port)).status).toBe(200);
    expect(sessions.size).toBe(1);
  });

  test("a client that does not read leaves the others of the session alone", async () => {
    const sessions = new Set<unknown>();
    let written = 0;
    const upstream = await startHttp2Application((stream, headers) => {
      sessions.add(stream.session);
      stream.respond({ ":status": 200 });
      if (headers[":path"] === "/free") {
        stream.end("free");
        return;
      }
      const pump = (): void => {
        do written += 65536;
        while (stream.write(Buffer.alloc(65536)));
        stream.once("drain", pump);
      };
      pump();
    });
    const { port } = await startStage(upstream);
    const stuck = await connectRaw(port);
    stuck.socket.pause();
    stuck.write("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    await standStill(() => written);
    expect(await send(port, { path: "/free" })).toMatchObject({ status: 200, body: "free" });
    expect(sessions.size).toBe(1);
  });

  test("bodies arrive whole, large ones too", async () => {
    const upstream = await startHttp2Application((stream) => {
      let size = 0;
      stream.respond({ ":status": 200 });
      stream.on("data", (chunk: Buffer) => {
        size += chunk.length;
      });
      stream.on("end", () => stream.end(String(size)));
    });
    const { port } = await startStage(upstream, { holdBytes: 65536 });
    expect((await send(port, { method: "POST" }, "abc")).body).toBe("3");
    expect((await send(port, { method: "POST" }, Buffer.alloc(5_000_000))).body).toBe("5000000");
  });

  test("an upload that is cut never looks whole to the upstream", async () => {
    let ended = false;
    let code = -1;
    const upstream = await startHttp2Application((stream) => {
      stream.on("data", () => {});
      stream.on("end", () => {
        ended = !stream.aborted;
      });
      stream.on("close", () => {
        code = stream.rstCode ?? -1;
      });
    });
    const { port, sidecar } = await startStage(upstream, { holdBytes: 1024 });
    const stream = connectHttp2(port).request({ ":method": "POST", ":path": "/" });
    stream.on("error", () => {});
    stream.write("a".repeat(5000));
    await eventually(() => sidecar.counters.failedOpen.oversize === 1);
    stream.write(ATTACK);
    await eventually(() => code === http2.constants.NGHTTP2_CANCEL);
    expect(ended).toBe(false);
    expect(sidecar.counters.partiallyBlocked).toBe(1);
  });

  test("trailers of both directions go through to an HTTP/1 client", async () => {
    const upstream = await startHttp2Application((stream) => {
      let seen: unknown;
      stream.on("trailers", (fields) => {
        seen = fields["x-sum"];
      });
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-answer": "42" }));
      stream.resume().on("end", () => stream.end(`sum ${seen}`));
    });
    const { port } = await startStage(upstream);
    const { request } = await import("node:http");
    const reply = await new Promise<{ body: string; trailers: unknown }>((resolve) => {
      const outgoing = request({ port, host: "127.0.0.1", method: "POST", agent: false }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve({ body, trailers: response.trailers }));
      });
      outgoing.setHeader("trailer", "x-sum");
      outgoing.write("body");
      outgoing.addTrailers({ "x-sum": "7" });
      outgoing.end();
    });
    expect(reply).toMatchObject({ body: "sum 7", trailers: { "x-answer": "42" } });
  });

  test("a session that says goodbye is replaced", async () => {
    let sessions = 0;
    const seen = new Set<http2.Http2Session | undefined>();
    const upstream = await startHttp2Application((stream) => {
      if (!seen.has(stream.session)) sessions++;
      seen.add(stream.session);
      stream.respond({ ":status": 200 });
      stream.end("ok");
      stream.session?.close();
    });
    const { port } = await startStage(upstream);
    for (let i = 0; i < 4; i++) expect((await send(port)).status).toBe(200);
    expect(sessions).toBe(4);
  });

  test("more streams than one session takes go to another", async () => {
    const streams: http2.ServerHttp2Stream[] = [];
    const upstream = await startHttp2Application((stream) => streams.push(stream), { maxConcurrentStreams: 80 });
    const { port } = await startStage(upstream);
    const first = send(port);
    await eventually(() => streams.length === 1);
    const replies = [first, ...Array.from({ length: 149 }, () => send(port))];
    await eventually(() => streams.length === 150);
    expect(new Set(streams.map(({ session }) => session)).size).toBe(2);
    for (const stream of streams) {
      stream.respond({ ":status": 200 });
      stream.end();
    }
    expect((await Promise.all(replies)).every(({ status }) => status === 200)).toBe(true);
  });
});
