/** One stream in every body mode: what goes on and when, what is stopped and how, and what each case counts. */
import { describe, expect, test } from "vitest";
import { eventually } from "../sidecar/stage.ts";
import { ATTACK, FAILED_CLOSED, LEAK, THROW } from "../sidecar/word-inspector.ts";
import { body, head, MODE, responseBody, responseHead, startStage, trailers } from "./stage.ts";

const HALF = ATTACK.length / 2;
const [FRONT, BACK] = [ATTACK.slice(0, HALF), ATTACK.slice(HALF)];

describe("a request without a body", () => {
  test.each(Object.entries(MODE))("goes on after its head in %s", async (_name, mode) => {
    const { call, verdicts, server } = await startStage();
    const stream = call().send(head("/a", [], { mode, end: true }));
    expect(await stream.next()).toMatchObject({ field: 1, override: null });
    stream.reset();
    await eventually(() => verdicts.length === 1);
    expect(server.counters).toMatchObject({ requests: 1, inspected: 1, blocked: 0 });
  });

  test.each(Object.entries(MODE))("is stopped by what is in its head in %s", async (_name, mode) => {
    const { call, server } = await startStage();
    const stream = call().send(head(`/?${ATTACK}`, [["accept", "application/json"]], { mode, end: true }));
    const answer = await stream.next();
    expect(answer).toMatchObject({ field: 7, status: 403, grpcStatus: -1 });
    expect(answer?.headers).toMatchObject({ "content-type": "application/problem+json" });
    expect(answer?.text).toContain(answer?.headers["x-merlon-ref"]);
    expect(await stream.closed()).toBe("0");
    expect(server.counters).toMatchObject({ requests: 1, blocked: 1, partiallyBlocked: 0 });
  });
});

describe("FULL_DUPLEX_STREAMED", () => {
  test("holds head and body until the end was judged, and gives back every byte", async () => {
    const { call } = await startStage();
    const stream = call().send(head("/"), body("first"), body("second"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stream.waiting).toBe(0);
    stream.send(body("third", true));
    expect(await stream.next()).toMatchObject({ field: 1 });
    expect(await stream.next()).toMatchObject({ field: 3, piece: "firstsecondthird", endOfStream: true });
  });

  test.each([
    { name: "the first piece", pieces: [body(ATTACK), body("b", true)] },
    { name: "the last piece", pieces: [body("a"), body(ATTACK, true)] },
    { name: "two pieces", pieces: [body(FRONT), body(BACK), body("", true)] },
    { name: "a trailer", pieces: [body("a"), trailers([["x-a", ATTACK]])] },
  ])("lets nothing go on where the attack is in $name", async ({ pieces }) => {
    const { call, server } = await startStage();
    const stream = call().send(head("/"), ...pieces);
    expect(await stream.next()).toMatchObject({ field: 7, status: 403 });
    expect(await stream.next()).toBeNull();
    expect(server.counters).toMatchObject({ blocked: 1, partiallyBlocked: 0 });
  });

  test("ends a body with trailers by them", async () => {
    const { call } = await startStage();
    const stream = call().send(head("/"), body("a"), trailers([["x-a", "b"]]));
    expect(await stream.next()).toMatchObject({ field: 1 });
    expect(await stream.next()).toMatchObject({ field: 3, piece: "a", endOfStream: false });
    expect(await stream.next()).toMatchObject({ field: 5 });
  });

  test("gives large bodies back in pieces, and an empty end as an end", async () => {
    const { call } = await startStage();
    const stream = call().send(head("/"), body("x".repeat(150_000)), body("", true));
    expect(await stream.next()).toMatchObject({ field: 1 });
    let size = 0;
    for (let ended = false; !ended; ) {
      const answer = await stream.next();
      expect(answer?.piece?.length).toBeLessThanOrEqual(65_536);
      size += answer?.piece?.length ?? 0;
      ended = answer?.endOfStream ?? true;
    }
    expect(size).toBe(150_000);
  });

  test("takes the last piece once, however often Envoy gives it", async () => {
    const { call, inspector } = await startStage();
    const stream = call().send(head("/"), body("a", true), body("a", true));
    expect(await stream.next()).toMatchObject({ field: 1 });
    expect(await stream.next()).toMatchObject({ piece: "a", endOfStream: true });
    stream.reset();
    await eventually(() => inspector.freed === 1);
    expect(stream.waiting).toBe(0);
    expect(inspector.bodyBytes).toBe(1);
  });

  test("streams what is larger than the hold, and cuts it where an attack comes later", async () => {
    const { call, server } = await startStage({ holdBytes: 1024 });
    const stream = call().send(head("/"), body("x".repeat(2000)));
    expect(await stream.next()).toMatchObject({ field: 1 });
    expect((await stream.next())?.piece).toHaveLength(2000);
    stream.send(body("more"));
    expect(await stream.next()).toMatchObject({ piece: "more", endOfStream: false });
    stream.send(body(ATTACK, true));
    expect(await stream.next()).toMatchObject({ field: 7 });
    expect(server.counters).toMatchObject({ partiallyBlocked: 1, blocked: 0, failedOpen: { oversize: 1 } });
  });

  test("refuses it where policy says so, as soon as it is known", async () => {
    const failure = { oversize: "closed" } as const;
    const { call, server } = await startStage({ holdBytes: 1024, failure });
    const declared = call().send(head("/", [["content-length", "5000"]]));
    expect(await declared.next()).toMatchObject({ field: 7, status: 413 });
    const grown = call().send(head("/"), body("x".repeat(2000)));
    expect(await grown.next()).toMatchObject({ field: 7, status: 413 });
    expect(server.counters.failedClosed.oversize).toBe(2);
  });

  test("lets messages of gRPC go one by one", async () => {
    const { call } = await startStage();
    const stream = call().send(head("/s/M", [["content-type", "application/grpc"]]), body("\0\0\0\0\x02ab\0\0"));
    expect(await stream.next()).toMatchObject({ field: 1 });
    expect(await stream.next()).toMatchObject({ piece: "\0\0\0\0\x02ab", endOfStream: false });
    stream.send(body(`\0\0${String.fromCharCode(ATTACK.length)}${ATTACK}`));
    expect(await stream.next()).toMatchObject({ field: 7, grpcStatus: 7, text: "Request blocked" });
  });

  test("passes a WebSocket through once its handshake was judged", async () => {
    const { call } = await startStage();
    const upgrade = [
      [":method", "GET"],
      ["upgrade", "websocket"],
    ] as const;
    const stream = call().send(head("/", upgrade));
    expect(await stream.next()).toMatchObject({ field: 1 });
    stream.send(body(ATTACK));
    expect(await stream.next()).toMatchObject({ piece: ATTACK });
    const framed = call().send(head("/", [...upgrade, ["content-length", "18"]]), body(ATTACK, true));
    expect(await framed.next()).toMatchObject({ field: 7 });
  });
});

describe("a mode in which Envoy waits for each answer", () => {
  test("STREAMED asks for trailers too, judges piece by piece, and says when it came too late", async () => {
    const { call, server } = await startStage();
    const stream = call().send(head("/", [], { mode: MODE.STREAMED }));
    expect(await stream.next()).toMatchObject({ field: 1, override: [MODE.STREAMED, 1] });
    stream.send(body(FRONT));
    expect(await stream.next()).toMatchObject({ field: 3, piece: null });
    stream.send(body(BACK, true));
    expect(await stream.next()).toMatchObject({ field: 7 });
    expect(server.counters).toMatchObject({ blocked: 0, partiallyBlocked: 1 });
  });

  test("BUFFERED stops everything, and judges trailers that come after the body", async () => {
    const { call, server } = await startStage();
    const whole = call().send(head("/", [], { mode: MODE.BUFFERED }));
    expect(await whole.next()).toMatchObject({ field: 1, override: null });
    whole.send(body(ATTACK, true));
    expect(await whole.next()).toMatchObject({ field: 7 });
    expect(server.counters).toMatchObject({ blocked: 1, partiallyBlocked: 0 });
    const trailed = call().send(head("/", [], { mode: MODE.BUFFERED }), body("a"), trailers([["x-a", ATTACK]]));
    expect([await trailed.next(), await trailed.next()]).toMatchObject([{ field: 1 }, { field: 3 }]);
    expect(await trailed.next()).toMatchObject({ field: 7 });
  });

  test("BUFFERED_PARTIAL judges what is shown, and counts what is not", async () => {
    const { call, server } = await startStage();
    const stream = call().send(head("/", [["content-length", "9"]], { mode: MODE.PARTIAL }), body("part"));
    expect([await stream.next(), await stream.next()]).toMatchObject([{ field: 1 }, { field: 3 }]);
    stream.reset();
    await eventually(() => server.counters.requests === 1);
    expect(server.counters.failedOpen.oversize).toBe(1);
    const attack = call().send(head("/", [], { mode: MODE.PARTIAL }), body(ATTACK));
    expect([await attack.next(), await attack.next()]).toMatchObject([{ field: 1 }, { field: 7 }]);
  });

  test("BUFFERED_PARTIAL refuses what is not shown whole, where policy says so", async () => {
    const { call } = await startStage({ failure: { oversize: "closed" } });
    const stream = call().send(head("/", [["content-length", "9"]], { mode: MODE.PARTIAL }), body("part"));
    expect([await stream.next(), await stream.next()]).toMatchObject([{ field: 1 }, { field: 7, status: 413 }]);
  });

  test("a second body where one was announced is not taken for judged", async () => {
    const { call, server } = await startStage({ failure: { oversize: "closed" } });
    const stream = call().send(head("/", [], { mode: MODE.BUFFERED }), body("a"), body(ATTACK, true));
    for (const field of [1, 3]) expect(await stream.next()).toMatchObject({ field });
    expect(await stream.next()).toMatchObject({ field: 7, status: 413 });
    expect(server.counters.failedClosed.oversize).toBe(1);
  });

  test("NONE asks for the body in a mode that gives it from its first byte", async () => {
    const { call, server } = await startStage();
    const stream = call().send(head("/", [], { mode: MODE.NONE }));
    expect(await stream.next()).toMatchObject({ field: 1, override: [MODE.PARTIAL, 1] });
    stream.send(body(ATTACK, true));
    expect(await stream.next()).toMatchObject({ field: 7 });
    expect(server.counters.overrides).toBe(1);
  });
});

describe("a response", () => {
  test.each([
    { where: "head", messages: [responseHead([["x-a", LEAK]])], counted: { blocked: 1, partiallyBlocked: 0 } },
    { where: "body", messages: [responseHead(), responseBody(LEAK)], counted: { blocked: 0, partiallyBlocked: 1 } },
  ])("is judged where Envoy sends its $where", async ({ messages, counted }) => {
    const { call, server } = await startStage();
    const first = { mode: MODE.NONE, responseMode: MODE.STREAMED, end: true };
    const stream = call().send(head("/", [], first), ...messages);
    let answer = await stream.next();
    while (answer?.field !== 7) answer = await stream.next();
    expect(answer.status).toBe(403);
    expect(server.counters).toMatchObject(counted);
  });

  test("that begins before its request has ended is not looked at, and its status is told", async () => {
    const { call, verdicts } = await startStage();
    const stream = call().send(head("/", [], { mode: MODE.STREAMED }), body("a"), responseHead([["x-a", LEAK]]));
    for (const field of [1, 3, 2]) expect(await stream.next()).toMatchObject({ field });
    stream.reset();
    await eventually(() => verdicts.length === 1);
    expect(verdicts[0]).toMatchObject({ status: 200, watched: false });
  });
});

describe("observability mode", () => {
  test("answers nothing and tells all", async () => {
    const { call, verdicts, server } = await startStage();
    const stream = call().send(head("/", [], { mode: MODE.STREAMED, observed: true }), body(ATTACK, true, true));
    stream.stream.end();
    expect(await stream.closed()).toBe("0");
    expect(await stream.next()).toBeNull();
    await eventually(() => verdicts.length === 1);
    expect(verdicts[0]).toMatchObject({ watched: true, verdict: { action: "block" } });
    expect(server.counters).toMatchObject({ watched: 1, blocked: 0, partiallyBlocked: 0 });
  });
});

describe("what Envoy says of a request", () => {
  test("peer, time and id come from its attributes, the mode from the route", async () => {
    const { call, verdicts, inspector, modes, notices } = await startStage();
    const attributes = {
      "source.address": "192.0.2.7:4711",
      "request.id": "abc-1",
      "request.time": "2026-01-02T03:04:05.123456789+00:00",
    };
    const stream = call().send(head("/", [], { end: true, attributes, metadata: { mode: "block" } }));
    await stream.next();
    stream.reset();
    await eventually(() => verdicts.length === 1);
    expect(inspector.peers).toEqual(["192.0.2.7"]);
    expect(verdicts[0]).toMatchObject({ requestId: "abc-1", startedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 123) });
    const other = call({ "x-merlon-mode": "monitoring" }).send(head("/", [], { end: true }));
    await other.next();
    const unknown = call({ "x-merlon-mode": "blok" }).send(head("/", [], { end: true }));
    expect(await unknown.next()).toMatchObject({ field: 1 });
    expect(modes).toEqual([null, "block", "monitoring"]);
    expect(notices).toMatchObject([{ event: "unknown_route_mode" }]);
  });
});

describe("what cannot be judged", () => {
  test.each([
    { name: "bytes that are no message", messages: [Buffer.from([0xff, 0xff])], status: "3" },
    { name: "a body without a head", messages: [body("a")], status: "9" },
    { name: "two heads", messages: [head("/"), head("/")], status: "9" },
    { name: "a body mode of the future", messages: [head("/", [], { mode: 9 })], status: "12" },
  ])("ends the stream: $name", async ({ messages, status }) => {
    const { call, server } = await startStage();
    const stream = call().send(...messages);
    expect(await stream.next()).toBeNull();
    expect(await stream.closed()).toBe(status);
    expect(server.counters.malformed).toBe(1);
  });

  test("is counted, and refused or let on as policy says: a core that throws", async () => {
    const open = await startStage();
    const passed = open.call().send(head("/", [], { mode: MODE.BUFFERED }), body(THROW, true));
    expect([await passed.next(), await passed.next()]).toMatchObject([{ field: 1 }, { field: 3 }]);
    passed.reset();
    await eventually(() => open.server.counters.failedOpen.trap === 1);
    const closed = await startStage({ failure: { trap: "closed" } });
    const refused = closed.call().send(head(`/${FAILED_CLOSED}`, [], { end: true }));
    expect(await refused.next()).toMatchObject({ field: 7, status: 503 });
    expect(closed.server.counters.failedClosed.trap).toBe(1);
  });

  test("is counted, and refused or let on as policy says: no room", async () => {
    const sizes = { holdBytes: 4096, heldBytesMax: 1024 };
    const closed = await startStage(sizes);
    const refused = closed.call().send(head("/"), body("x".repeat(2000)));
    expect(await refused.next()).toMatchObject({ field: 7, status: 503 });
    expect(closed.server.counters.failedClosed.overlimit).toBe(1);
    const open = await startStage({ ...sizes, failure: { overlimit: "open" } });
    const passed = open.call().send(head("/"), body("x".repeat(2000)));
    expect(await passed.next()).toMatchObject({ field: 1 });
    expect((await passed.next())?.piece).toHaveLength(2000);
    expect(open.server.counters.failedOpen.overlimit).toBe(1);
  });
});

describe("time", () => {
  test("a stream on which nothing comes is ended", async () => {
    const { call, server } = await startStage({ timeouts: { streamIdleMs: 50 } });
    const stream = call().send(head("/"), body("a"));
    expect(await stream.closed()).toBe("4");
    expect(server.counters.deadlines).toBe(1);
  });

  test("one whose request was judged is let go in peace, as its response may take as long as it likes", async () => {
    const { call, server } = await startStage({ timeouts: { streamIdleMs: 50 } });
    const stream = call().send(head("/", [], { end: true }));
    expect(await stream.closed()).toBe("0");
    expect(server.counters.deadlines).toBe(0);
  });

  test("the caller's own deadline ends it too", async () => {
    const { call, server } = await startStage({ timeouts: { streamIdleMs: 2000 } });
    const stream = call({ "grpc-timeout": "20m" }).send(head("/"), body("a"));
    expect(await stream.closed()).toBe("4");
    expect(server.counters.deadlines).toBe(1);
  });
});
