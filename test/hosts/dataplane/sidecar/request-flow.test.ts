/** The way of a request: what is held, what is let go, what is stopped, and what each of it counts. */
import * as http from "node:http";
import { describe, expect, test } from "vitest";
import { connectRaw, eventually, type Stage, send, startApplication, startStage } from "./stage.ts";
import { ATTACK, FAILED_CLOSED, FAILED_OPEN, LEAK, THROW } from "./word-inspector.ts";

interface Seen {
  url: string;
  body: string;
  ended: boolean;
  aborted: boolean;
}

/** An application that keeps what it gets, byte by byte, and answers at the end. */
async function startKeeper(answer = "fine"): Promise<{ application: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const application = await startApplication((request, response) => {
    const entry: Seen = { url: request.url ?? "", body: "", ended: false, aborted: false };
    seen.push(entry);
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => {
      entry.body += chunk.toString("latin1");
    });
    request.on("end", () => {
      entry.ended = true;
      response.end(answer);
    });
    request.on("close", () => {
      entry.aborted = !request.complete;
    });
  });
  return { application, seen };
}

/** Opens a request whose body is written by hand. */
function upload(port: number, headers: http.OutgoingHttpHeaders = {}) {
  const request = http.request({ host: "127.0.0.1", port, method: "POST", path: "/up", agent: false, headers });
  const outcome = new Promise<string>((resolve) => {
    request.on("response", (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString("latin1");
      });
      response.on("end", () => resolve(`${response.statusCode} ${body}`));
      response.on("error", (error: NodeJS.ErrnoException) => resolve(`cut ${error.code}`));
    });
    request.on("error", (error: NodeJS.ErrnoException) => resolve(`reset ${error.code}`));
  });
  return { request, outcome };
}

describe("a verdict on the head", () => {
  test.each([
    ["in the path", { path: `/${ATTACK}` }],
    ["in the query", { path: `/?q=${ATTACK}` }],
    ["in a header", { path: "/", headers: { "x-a": ATTACK } }],
  ])("stops the request before anything goes on: %s", async (_name, options) => {
    const { application, seen } = await startKeeper();
    const { port, sidecar, verdicts } = await startStage(application, { blockPage: { statusCode: 406 } });
    const { status, headers, body } = await send(port, options);
    expect(status).toBe(406);
    expect(seen).toEqual([]);
    expect(sidecar.counters).toMatchObject({ requests: 1, inspected: 1, blocked: 1, partiallyBlocked: 0 });
    expect(verdicts).toMatchObject([{ status: 406, ref: headers["x-merlon-ref"], method: "GET" }]);
    expect(verdicts[0]?.id).toContain(verdicts[0]?.ref ?? "-");
    expect(JSON.parse(body).reference).toBe(headers["x-merlon-ref"]);
    expect(body).not.toContain(ATTACK);
  });

  test("a passed one is told with its path, without its query", async () => {
    const { application } = await startKeeper();
    const { port, verdicts } = await startStage(application);
    await send(port, { path: `/${"p".repeat(1000)}?secret`, headers: { host: "site.test" } });
    expect(verdicts).toMatchObject([{ status: 200, host: "site.test", path: `/${"p".repeat(255)}` }]);
    expect(verdicts[0]?.addedMicros).toBeGreaterThan(0);
  });
});

describe("a body that fits the hold", () => {
  test("goes on only when it is whole, in one piece and unchanged", async () => {
    const { application, seen } = await startKeeper();
    const { port, sidecar } = await startStage(application);
    const { request, outcome } = upload(port);
    request.write("first ");
    await eventually(() => sidecar.counters.heldBytes === 6);
    expect(seen).toEqual([]);
    request.end("second");
    expect(await outcome).toBe("200 fine");
    expect(seen).toEqual([{ url: "/up", body: "first second", ended: true, aborted: false }]);
    expect(sidecar.counters).toMatchObject({ bytesIn: 12, bytesOut: 4, heldBytes: 0 });
  });

  test("is blocked although the word is split, and nothing of it goes on", async () => {
    const { application, seen } = await startKeeper();
    const { port, sidecar } = await startStage(application);
    const { request, outcome } = upload(port);
    request.write(ATTACK.slice(0, 5));
    await eventually(() => sidecar.counters.heldBytes === 5);
    request.end(ATTACK.slice(5));
    expect(await outcome).toMatch(/^403 .*reference/);
    expect(seen).toEqual([]);
    expect(sidecar.counters).toMatchObject({ blocked: 1, partiallyBlocked: 0, inspected: 1 });
  });

  test("keeps the connection after a block if the rest of the body is small", async () => {
    const { application } = await startKeeper();
    const { port, sidecar } = await startStage(application);
    const client = await connectRaw(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n${ATTACK}`);
    await client.until(/^HTTP\/1\.1 403 .*"reference"/s);
    client.write(`${"x".repeat(10_000 - ATTACK.length)}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.until(/HTTP\/1\.1 200 OK.*fine/s);
    expect(sidecar.counters).toMatchObject({ requests: 2, blocked: 1, connections: 1 });
  });

  test("costs the connection after a block if the rest does not end", async () => {
    const { application } = await startKeeper();
    const { port } = await startStage(application);
    const client = await connectRaw(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n${ATTACK}`);
    await client.until(/^HTTP\/1\.1 403 /);
    const more = Buffer.alloc(65536);
    const pump = (): void => {
      while (!client.ended && client.socket.write(more));
      if (!client.ended) client.socket.once("drain", pump);
    };
    pump();
    await client.end();
  });
});

describe("a body that is larger than the hold", () => {
  const holdBytes = 4096;

  test("streams on, piece by piece, as soon as the hold is full", async () => {
    const { application, seen } = await startKeeper();
    const { port, sidecar } = await startStage(application, { holdBytes });
    const { request, outcome } = upload(port);
    request.write("a".repeat(4096));
    await eventually(() => sidecar.counters.heldBytes === 4096);
    expect(seen).toEqual([]);
    request.write("b");
    await eventually(() => seen[0]?.body.length === 4097);
    request.write("c".repeat(100));
    await eventually(() => seen[0]?.body.length === 4197);
    request.end();
    expect(await outcome).toBe("200 fine");
    expect(sidecar.counters.failedOpen.oversize).toBe(1);
    expect(sidecar.counters).toMatchObject({ heldBytes: 0, inspected: 1 });
  });

  test("is cut on both sides by a verdict that comes later", async () => {
    const { application, seen } = await startKeeper();
    const { port, sidecar, verdicts } = await startStage(application, { holdBytes });
    const { request, outcome } = upload(port);
    request.write("a".repeat(5000));
    await eventually(() => seen[0]?.body.length === 5000);
    request.write(`xyz${ATTACK}`);
    expect(await outcome).toBe("reset ECONNRESET");
    await eventually(() => seen[0]?.aborted === true);
    expect(seen[0]?.body).toBe("a".repeat(5000));
    expect(sidecar.counters).toMatchObject({ blocked: 0, partiallyBlocked: 1, inspected: 1 });
    expect(verdicts).toMatchObject([{ status: 0, verdict: { action: "block" } }]);
  });

  test("is cut by a verdict that comes with its end", async () => {
    const { application, seen } = await startKeeper();
    const { port, sidecar } = await startStage(application, { holdBytes });
    const { request, outcome } = upload(port, { trailer: "x-t", "transfer-encoding": "chunked" });
    request.write("a".repeat(5000));
    await eventually(() => seen[0]?.body.length === 5000);
    request.addTrailers({ "x-t": ATTACK });
    request.end();
    expect(await outcome).toBe("reset ECONNRESET");
    await eventually(() => seen[0]?.aborted === true);
    expect(sidecar.counters).toMatchObject({ partiallyBlocked: 1 });
  });

  test("is refused where policy says so: at once if the size is declared, else when the hold is full", async () => {
    const { application, seen } = await startKeeper();
    const { port, sidecar } = await startStage(application, { holdBytes, failure: { oversize: "closed" } });
    const declared = upload(port, { "content-length": 5000 });
    declared.request.flushHeaders();
    expect(await declared.outcome).toMatch(/^413 /);
    const chunked = upload(port);
    chunked.request.write("a".repeat(4096));
    await eventually(() => sidecar.counters.heldBytes === 4096);
    chunked.request.write("b");
    expect(await chunked.outcome).toMatch(/^413 /);
    expect(seen).toEqual([]);
    expect(sidecar.counters.failedClosed.oversize).toBe(2);
    declared.request.destroy();
    chunked.request.destroy();
  });
});

describe("when all requests together hold too much", () => {
  async function fill(
    overlimit: "open" | "closed",
  ): Promise<{ stage: Stage; seen: Seen[]; first: http.ClientRequest }> {
    const { application, seen } = await startKeeper();
    const stage = await startStage(application, { holdBytes: 4096, heldBytesMax: 4100, failure: { overlimit } });
    const { request } = upload(stage.port);
    request.write("a".repeat(4096));
    await eventually(() => stage.sidecar.counters.heldBytes === 4096);
    return { stage, seen, first: request };
  }

  test("open: the next one streams at once", async () => {
    const { stage, seen, first } = await fill("open");
    const { request, outcome } = upload(stage.port);
    request.write("bbbbb");
    await eventually(() => seen[0]?.body === "bbbbb");
    request.end();
    expect(await outcome).toBe("200 fine");
    expect(stage.sidecar.counters.failedOpen.overlimit).toBe(1);
    first.destroy();
  });

  test("closed: the next one is told to come back, and small ones still fit", async () => {
    const { stage, seen, first } = await fill("closed");
    const big = await send(stage.port, { method: "POST" }, "bbbbb");
    expect(big.status).toBe(503);
    expect(big.headers["retry-after"]).toBe("2");
    expect((await send(stage.port, { method: "POST" }, "bbb")).status).toBe(200);
    expect(seen.map(({ body }) => body)).toEqual(["bbb"]);
    expect(stage.sidecar.counters.failedClosed.overlimit).toBe(1);
    first.destroy();
  });
});

describe("a core that fails", () => {
  test.each<[string, string, "open" | "closed", number]>([
    ["throws at the head", `/${THROW}`, "closed", 503],
    ["throws at the head", `/${THROW}`, "open", 200],
  ])("%s (%s): %s", async (_name, path, trap, status) => {
    const { application } = await startKeeper();
    const { port, sidecar } = await startStage(application, { failure: { trap } });
    expect((await send(port, { path })).status).toBe(status);
    const { counters } = sidecar;
    expect(counters).toMatchObject({ requests: 1, inspected: 0, skipped: 1, blocked: 0 });
    expect(counters[trap === "open" ? "failedOpen" : "failedClosed"].trap).toBe(1);
  });

  test.each<["open" | "closed", number]>([
    ["closed", 503],
    ["open", 200],
  ])("throws in the body: %s", async (trap, status) => {
    const { application, seen } = await startKeeper();
    const { port, sidecar } = await startStage(application, { failure: { trap } });
    expect((await send(port, { method: "POST" }, THROW)).status).toBe(status);
    expect(seen.map(({ body }) => body)).toEqual(trap === "open" ? [THROW] : []);
    expect(sidecar.counters).toMatchObject({ requests: 1, skipped: 1 });
  });

  test.each<["open" | "closed", number]>([
    ["closed", 503],
    ["open", 200],
  ])("cannot be had: %s", async (unreachable, status) => {
    const { application } = await startKeeper();
    const { port, sidecar, inspector, verdicts } = await startStage(application, { failure: { unreachable } });
    inspector.unreachable = true;
    expect((await send(port, { path: `/${ATTACK}` })).status).toBe(status);
    expect(sidecar.counters).toMatchObject({ requests: 1, skipped: 1 });
    expect(sidecar.counters[unreachable === "open" ? "failedOpen" : "failedClosed"].unreachable).toBe(1);
    expect(verdicts).toEqual([]);
  });

  test.each<[string, number, "failedOpen" | "failedClosed"]>([
    [FAILED_CLOSED, 503, "failedClosed"],
    [FAILED_OPEN, 200, "failedOpen"],
  ])("and says so itself: %s", async (word, status, counter) => {
    const { application } = await startKeeper();
    const { port, sidecar, verdicts } = await startStage(application);
    expect((await send(port, { path: `/${word}` })).status).toBe(status);
    expect(sidecar.counters).toMatchObject({ requests: 1, skipped: 1, blocked: 0 });
    expect(sidecar.counters[counter].trap).toBe(1);
    expect(verdicts).toMatchObject([{ status, verdict: { failed: true } }]);
  });
});

describe("a verdict on the response", () => {
  test("on its head or before its first byte is the block page", async () => {
    const application = await startApplication((_request, response) => {
      response.writeHead(200, { "x-a": LEAK }).end("secret");
    });
    const { port, sidecar } = await startStage(application);
    const reply = await send(port);
    expect(reply.status).toBe(403);
    expect(reply.body).not.toContain("secret");
    expect(sidecar.counters).toMatchObject({ blocked: 1, partiallyBlocked: 0 });
  });

  test("on its body cuts it", async () => {
    let proceed: () => void = () => {};
    const application = await startApplication((_request, response) => {
      response.write("begin ");
      proceed = () => response.end(`${LEAK} the rest`);
    });
    const { port, sidecar, verdicts } = await startStage(application);
    const client = await connectRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(/begin /);
    proceed();
    const text = await client.end();
    expect(text).not.toContain("the rest");
    expect(text).not.toContain("\r\n0\r\n\r\n");
    expect(sidecar.counters).toMatchObject({ blocked: 0, partiallyBlocked: 1 });
    expect(verdicts).toMatchObject([{ status: 200, verdict: { action: "block" } }]);
  });

  test("is not asked for where responses are not inspected", async () => {
    const { application } = await startKeeper(LEAK);
    const { port } = await startStage(application, { inspectResponses: false });
    expect(await send(port)).toMatchObject({ status: 200, body: LEAK });
  });
});

test("more requests at a time than are allowed are told to come back", async () => {
  let release: () => void = () => {};
  const application = await startApplication((_request, response) => {
    release = () => response.end("late");
  });
  const { port, sidecar } = await startStage(application, { maxRequests: 1 });
  const first = send(port);
  await eventually(() => sidecar.counters.activeRequests === 1);
  expect((await send(port)).status).toBe(503);
  expect(sidecar.counters.refused.overload).toBe(1);
  release();
  expect(await first).toMatchObject({ status: 200, body: "late" });
  expect(sidecar.counters).toMatchObject({ requests: 2, inspected: 1, skipped: 1 });
});
