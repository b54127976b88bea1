/** The sidecar as a whole: draining, slow clients, memory, and sums that hold whatever happens. */
import * as http from "node:http";
import { describe, expect, test } from "vitest";
import { MerlonError } from "../../../../hosts/core/error.ts";
import { startSidecar } from "../../../../hosts/dataplane/sidecar/sidecar.ts";
import {
  connectHttp2,
  connectRaw,
  eventually,
  replyOf,
  send,
  startApplication,
  startRawApplication,
  startStage,
} from "./stage.ts";
import { ATTACK, THROW, WordInspector } from "./word-inspector.ts";

const MIB = 1024 * 1024;

describe("a drain", () => {
  test("closes what is idle, lets what is in progress finish, and takes nothing new", async () => {
    let finish: () => void = () => {};
    const application = await startApplication((request, response) => {
      if (request.url === "/slow") finish = () => response.end("finished");
      else response.end("quick");
    });
    const { port, sidecar } = await startStage(application);
    const idle = await connectRaw(port);
    idle.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await idle.until(/quick/);
    const silent = await connectRaw(port);
    const busy = await connectRaw(port);
    busy.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    const session = connectHttp2(port);
    const stream = replyOf(session.request({ ":path": "/quick" }));
    expect((await stream).body).toBe("quick");
    await eventually(() => sidecar.counters.activeRequests === 1);
    const closed = sidecar.close(60_000);
    await Promise.all([idle.end(), silent.end()]);
    await eventually(() => session.closed);
    await expect(connectRaw(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(busy.ended).toBe(false);
    finish();
    expect(await busy.end()).toMatch(/connection: close.*finished/is);
    await closed;
    expect(sidecar.counters).toMatchObject({ requests: 3, inspected: 3, clientAborts: 0, activeConnections: 0 });
  });

  test("ends kept connections although their response had begun before", async () => {
    let finish: () => void = () => {};
    const application = await startApplication((_request, response) => {
      response.write("begin ");
      finish = () => response.end("end");
    });
    const { port, sidecar } = await startStage(application);
    const client = await connectRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(/begin/);
    const closed = sidecar.close(60_000);
    finish();
    expect(await client.end()).toMatch(/\r\n0\r\n\r\n$/);
    await closed;
  });

  test("cuts what has not finished in time, upstream included", async () => {
    let aborted = false;
    const application = await startApplication((_request, response) => {
      response.write("begin");
      response.on("close", () => {
        aborted = true;
      });
    });
    const { port, sidecar } = await startStage(application);
    const client = await connectRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(/begin/);
    await sidecar.close(100);
    await client.end();
    await eventually(() => aborted);
    expect(sidecar.counters).toMatchObject({ activeRequests: 0, activeConnections: 0 });
  });

  test("may be asked for twice", async () => {
    const { sidecar } = await startStage(await startApplication((_request, response) => response.end()));
    await Promise.all([sidecar.close(0), sidecar.close(1000)]);
  });
});

describe("slow clients", () => {
  const slow = { headMs: 200, bodyIdleMs: 200, sendIdleMs: 200 };

  test.each([
    ["say nothing", ""],
    ["stop in the middle of the first word", "GE"],
    ["stop in the middle of the head", "GET / HTTP/1.1\r\nHost: a\r\nX-A: "],
    ["stop in the middle of the HTTP/2 preface", "PRI * HT"],
  ])("that %s are cut and counted", async (_name, bytes) => {
    const { port, sidecar } = await startStage("http://127.0.0.1:1", { timeouts: slow });
    const client = await connectRaw(port);
    client.write(bytes);
    expect(await client.end()).toMatch(/^$|^HTTP\/1\.1 408 /);
    expect(sidecar.counters).toMatchObject({ slowClients: 1, requests: 0 });
  });

  test("that drip their head are cut all the same", async () => {
    const { port, sidecar } = await startStage("http://127.0.0.1:1", { timeouts: slow });
    const client = await connectRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n");
    const timer = setInterval(() => client.write("X-A: b\r\n"), 20);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(timer);
    expect(sidecar.counters.slowClients).toBe(1);
  });

  test("that stop in the middle of a body get 408 while it is held", async () => {
    const { port, sidecar } = await startStage("http://127.0.0.1:1", { timeouts: slow });
    const client = await connectRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    await client.until(/^HTTP\/1\.1 408 /);
    expect(sidecar.counters).toMatchObject({ slowClients: 1, requests: 1, inspected: 1, heldBytes: 0 });
  });

  test("that stop in the middle of a streamed body are cut, and so is the upstream", async () => {
    let upstream = "open";
    const application = await startApplication((request) => {
      request.on("error", () => {});
      request.on("close", () => {
        upstream = request.complete ? "complete" : "cut";
      });
      request.resume();
    });
    const { port, sidecar } = await startStage(application, { timeouts: slow, holdBytes: 1024 });
    const client = await connectRaw(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n${"a".repeat(2000)}`);
    await client.end();
    expect(client.received).toBe("");
    await eventually(() => upstream === "cut");
    expect(sidecar.counters.slowClients).toBe(1);
  });

  test("that drip a body are cut when it takes longer than a body of that size may", async () => {
    const timeouts = { requestMs: 300, bodyIdleMs: 60_000 };
    const { port, sidecar } = await startStage("http://127.0.0.1:1", { timeouts });
    const client = await connectRaw(port);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    const timer = setInterval(() => client.write("x"), 10);
    await client.until(/^HTTP\/1\.1 408 /);
    clearInterval(timer);
    expect(sidecar.counters.slowClients).toBe(1);
  });

  test("that do not read their response are cut", async () => {
    const application = await startApplication((_request, response) => response.end(Buffer.alloc(64 * MIB)));
    const { port, sidecar } = await startStage(application, { timeouts: slow });
    const client = await connectRaw(port);
    client.socket.pause();
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(() => sidecar.counters.slowClients === 1);
    await eventually(() => sidecar.counters.activeRequests === 0);
  });

  test("on HTTP/2 streams are cut without harm to other streams", async () => {
    const application = await startApplication((_request, response) => response.end("ok"));
    const { port, sidecar } = await startStage(application, { timeouts: slow });
    const session = connectHttp2(port);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.write("half");
    expect((await replyOf(stream)).status).toBe(408);
    expect((await replyOf(session.request({ ":path": "/" }))).body).toBe("ok");
    expect(sidecar.counters.slowClients).toBe(1);
  });

  test("two thousand of them hold a bounded amount of memory, and others are served meanwhile", async () => {
    const application = await startApplication((_request, response) => response.end("served"));
    const { port, sidecar } = await startStage(application);
    await send(port);
    const before = process.memoryUsage.rss();
    const clients: Awaited<ReturnType<typeof connectRaw>>[] = [];
    for (let i = 0; i < 40; i++)
      clients.push(...(await Promise.all(Array.from({ length: 50 }, () => connectRaw(port)))));
    for (const client of clients) client.write("GET / HTTP/1.1\r\nHost: a\r\nX-A: ");
    await eventually(() => sidecar.counters.activeConnections === 2000);
    expect((await send(port)).body).toBe("served");
    // Clients and sidecar share this process: 40 KiB for both ends of each connection.
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * MIB);
    for (const client of clients) client.socket.destroy();
    await eventually(() => sidecar.counters.activeConnections === 0);
  });
});

test("an upload of 200 MB passes in bounded memory", async () => {
  const total = 200 * MIB;
  const block = Buffer.alloc(64 * 1024, "upload ");
  let size = 0;
  const application = await startApplication((request, response) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
    });
    request.on("end", () => response.end(String(size)));
  });
  const { port, sidecar, inspector } = await startStage(application);
  await send(port, { method: "POST" }, block);
  size = 0;
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 10);
  const body = await new Promise<string>((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method: "POST", agent: false, headers: { "content-length": total } };
    const request = http.request(options, (response) => {
      response.on("data", (chunk: Buffer) => resolve(chunk.toString()));
    });
    request.on("error", reject);
    let sent = 0;
    const pump = (): void => {
      while (sent < total) {
        sent += block.length;
        if (!request.write(block)) {
          request.once("drain", pump);
          return;
        }
      }
      request.end();
    };
    pump();
  });
  clearInterval(sampler);
  expect(body).toBe(String(total));
  expect(inspector.bodyBytes).toBe(total + block.length);
  expect(sidecar.counters).toMatchObject({ bytesIn: total + block.length, heldBytes: 0 });
  expect(peak - before).toBeLessThan(64 * MIB);
});

test("inspected and skipped make up requests through every kind of end", async () => {
  const application = await startRawApplication((socket) => {
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      if (text.includes("/break")) socket.destroy();
      else if (!text.includes("/hang")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
  });
  const { port, sidecar } = await startStage(application, {
    timeouts: { upstreamHeadMs: 200 },
    failure: { trap: "closed" },
  });
  const { counters } = sidecar;
  const raw = ["/", `/${ATTACK}`, `/${THROW}`, "/break", "/hang", "ftp://x/"].map(
    (target) => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  );
  raw.push("nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx`);
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      raw.map(async (bytes, i) => {
        const client = await connectRaw(port);
        client.write(bytes);
        if (i === raw.length - 1) {
          await eventually(() => counters.heldBytes > 0);
          client.socket.destroy();
        } else await client.end();
        expect(counters.inspected + counters.skipped).toBe(counters.requests);
      }),
    );
  }
  await eventually(() => counters.activeConnections === 0);
  expect(counters).toMatchObject({
    requests: 45,
    inspected: 25,
    skipped: 20,
    blocked: 5,
    clientAborts: 5,
    upstreamErrors: { timeout: 5, reset: 5, connect: 0 },
  });
  expect(counters.refused).toMatchObject({ target: 5, parse: 5, host: 5 });
  expect(counters.failedClosed.trap).toBe(5);
});

test("a sidecar cannot be its own upstream", async () => {
  const { port, sidecar } = await startStage("http://127.0.0.1:1");
  await sidecar.close(0);
  for (const host of ["127.0.0.1", "0.0.0.0", "localhost"]) {
    const started = startSidecar({
      upstream: `http://localhost:${port}`,
      inspector: new WordInspector(),
      listen: { host, port },
    });
    await expect(started).rejects.toBeInstanceOf(MerlonError);
    await expect(started).rejects.toMatchObject({ code: "MERLON_UPSTREAM" });
  }
});

test("an unverified upstream is used only if that is said, and then it is told", async () => {
  const notices: string[] = [];
  const inspector = new WordInspector();
  const plain = startSidecar({ upstream: "http://127.0.0.1:1", inspector, upstreamTls: { insecure: true } });
  await expect(plain).rejects.toMatchObject({ code: "MERLON_UPSTREAM" });
  const { sidecar } = await startStage("https://127.0.0.1:1", {
    upstreamTls: { insecure: true },
    onNotice: ({ event }) => notices.push(event),
  });
  expect(notices).toEqual(["upstream_insecure"]);
  await sidecar.close(0);
});
