/**
 * Requests of every shape through the filter in a real Envoy: what reaches the application before the verdict, bodies
 * longer than what is held, streams that must not wait, fields that are Merlon's own, and what is counted.
 */
import { type ClientHttp2Stream, connect, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { connect as connectSocket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { frame, sizedField } from "../../../assembly/protobuf-writer.ts";
import { type Component, requireOrSkip } from "../../../tools/component.ts";
import {
  findEnvoy,
  http2Upstream,
  imageText,
  LONG_MS,
  merlon,
  merlonWithoutHold,
  type Stage,
  send,
  startEnvoy,
  until,
  untilCounted,
} from "./stage.ts";

const ATTACK = "id=1' UNION SELECT login,password FROM users-- ";
const HOLD = 65_536;
const KIBI = 1024;
const LEAK = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n";

/** What an application got. */
interface Got {
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  trailers: NodeJS.Dict<string>;
  bytes: number;
  whole: boolean;
}

let binary: Component<string>;
let stage: Stage | undefined;
const got: Got[] = [];
const limits = { holdBytes: HOLD };

beforeAll(async () => {
  binary = await findEnvoy();
  if (!("found" in binary)) return;
  stage = await startEnvoy(binary.found, {
    listeners: [
      [merlon({ policy: imageText({ mode: "block", limits }) })],
      [merlon({ policy: imageText({ mode: "block", limits, failure: { oversize: "closed" } }) })],
      [merlon({ policy: imageText({ mode: "monitoring", limits }) })],
      [merlon({ mode: "off" })],
      [merlonWithoutHold({ mode: "block" })],
    ],
    upstream: (request, response) => {
      const seen: Got = { url: request.url ?? "", headers: request.headers, trailers: {}, bytes: 0, whole: false };
      got.push(seen);
      request.on("error", () => {});
      request.on("data", (chunk: Buffer) => {
        seen.bytes += chunk.length;
      });
      request.on("end", () => {
        seen.whole = true;
        seen.trailers = request.trailers;
        response.end(seen.url.startsWith("/passwd") ? LEAK : "application");
      });
    },
  });
}, LONG_MS);
afterAll(() => stage?.stop());

const port = (index: number): number => stage?.ports[index] ?? 0;
const gotAt = (url: string): Got[] => got.filter((one) => one.url === url);

/** Sends a body whose second part leaves when the application has some of the first. @returns what came back */
async function sendInTwo(at: number, path: string, framing: string, first: string, rest: string): Promise<string> {
  const isChunked = framing === "chunked";
  const piece = (text: string): string => (isChunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text);
  const length = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${first.length + rest.length}`;
  const socket = connectSocket(at, "127.0.0.1");
  let answer = "";
  let isOver = false;
  socket.on("error", () => {});
  socket.on("close", () => {
    isOver = true;
  });
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
  });
  const type = "Content-Type: application/x-www-form-urlencoded";
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\n${type}\r\n${length}\r\n\r\n${piece(first)}`);
  await until(
    () => got.find(({ url }) => url === path)?.bytes ?? 0,
    (bytes) => bytes > 0,
  );
  socket.write(`${piece(rest)}${isChunked ? "0\r\n\r\n" : ""}`);
  await until(
    () => answer,
    () => isOver || answer.includes("\r\n\r\n"),
  );
  socket.destroy();
  return answer;
}

describe("a body", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const body = (before: number): string => `a=${"x".repeat(before)}&${ATTACK}`;

  test("is held until its verdict: nothing reaches the application", async () => {
    if (stage === undefined) return;
    const reply = await send(port(0), "/held", { method: "POST", headers: form, body: body(HOLD - 4 * KIBI) });
    expect(reply.status).toBe(403);
    expect(gotAt("/held")).toEqual([]);
  });

  test("that is harmless arrives whole, however long it is", async () => {
    if (stage === undefined) return;
    const bytes = Buffer.alloc(3 << 20, "harmless ");
    const reply = await send(port(0), "/long", { method: "POST", headers: form, body: bytes });
    expect([reply.status, gotAt("/long")[0]]).toMatchObject([200, { bytes: bytes.length, whole: true }]);
  });

  test.each(["content-length", "chunked"])(
    "that is longer is streamed, and cut where a match shows late: %s",
    async (framing) => {
      if (stage === undefined) return;
      const path = `/late-${framing}`;
      const answer = await sendInTwo(port(0), path, framing, `a=${"x".repeat(4 * HOLD)}`, `&${ATTACK}`);
      expect(answer === "" || answer.startsWith("HTTP/1.1 403 ")).toBe(true);
      expect(gotAt(path)).toMatchObject([{ whole: false }]);
    },
  );

  test("that is longer is refused, by its length or by its bytes, where the policy says so", async () => {
    if (stage === undefined) return;
    const options = { method: "POST", body: "x".repeat(2 * HOLD) };
    for (const headers of [form, { ...form, "transfer-encoding": "chunked" }]) {
      const reply = await send(port(1), "/refused", { ...options, headers });
      expect(reply.status).toBe(413);
      expect(JSON.parse(reply.body)).toMatchObject({ title: "Request too large", status: 413 });
    }
    expect(gotAt("/refused")).toEqual([]);
  });

  test("is held alone where Envoy may not stop at a head", async () => {
    if (stage === undefined) return;
    const options = { method: "POST", headers: form };
    expect((await send(port(4), "/alone", { ...options, body: body(10) })).status).toBe(403);
    expect((await send(port(4), "/alone-harmless", { ...options, body: "a=b" })).status).toBe(200);
    expect(gotAt("/alone").filter(({ bytes, whole }) => bytes > 0 || whole)).toEqual([]);
    expect(gotAt("/alone-harmless")).toMatchObject([{ bytes: 3, whole: true }]);
  });

  test("waits for nothing in mode off", async () => {
    if (stage === undefined) return;
    const socket = connectSocket(port(3), "127.0.0.1");
    socket.write("POST /off HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    await until(
      () => gotAt("/off"),
      ([seen]) => seen?.bytes === 5,
    );
    socket.destroy();
  });
});

test("fields that are Merlon's own do not come from clients", async () => {
  if (stage === undefined) return;
  const lines = [
    "POST /own HTTP/1.1",
    "Host: a",
    "X-Merlon-Ref: 1",
    "x-merlon-line: 2",
    "X-MERLON-Line: 3",
    "X-Merlonesque: 4",
    "Trailer: x-merlon-mode",
    "Transfer-Encoding: chunked",
    "",
    "1",
    "a",
    "0",
    "X-Merlon-Mode: off",
    "X-Other: 5",
    "",
    "",
  ];
  const socket = connectSocket(port(0), "127.0.0.1");
  socket.write(lines.join("\r\n"));
  const [seen] = await until(
    () => gotAt("/own"),
    ([one]) => one?.whole === true,
  );
  socket.destroy();
  expect(Object.keys(seen?.headers ?? {}).filter((name) => name.startsWith("x-merlon"))).toEqual(["x-merlonesque"]);
  expect(seen?.trailers).toEqual({ "x-other": "5" });
});

test(
  "a WebSocket is opened at once and goes both ways",
  async () => {
    if (stage === undefined || !("found" in binary)) return;
    const { createServer } = await import("node:http");
    const server = createServer();
    server.on("upgrade", (_, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello");
      socket.on("data", (chunk: Buffer) => socket.write(`<${chunk.toString("latin1")}>`));
      socket.on("error", () => {});
    });
    const own = await startEnvoy(binary.found, {
      listeners: [[merlon({ mode: "block" })]],
      upstream: (request, response) => server.emit("request", request, response),
      onUpgrade: (request, socket, head) => server.emit("upgrade", request, socket, head),
    });
    const socket = connectSocket(own.ports[0] ?? 0, "127.0.0.1");
    try {
      let answer = "";
      socket.on("data", (chunk: Buffer) => {
        answer += chunk.toString("latin1");
      });
      socket.write("GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      await until(
        () => answer,
        (text) => /^HTTP\/1.1 101 [\s\S]*hello$/.test(text),
      );
      socket.write("ping");
      await until(
        () => answer,
        (text) => text.endsWith("<ping>"),
      );
    } finally {
      socket.destroy();
      await own.stop();
    }
  },
  LONG_MS,
);

describe("a call of gRPC", () => {
  let own: Stage | undefined;
  let calls = 0;
  const server: Http2Server = http2Upstream();
  server.on("stream", (stream: ServerHttp2Stream) => {
    calls++;
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    // An answer to each message, as in a conversation.
    stream.on("data", (chunk: Buffer) => stream.write(chunk));
    stream.on("end", () => stream.end());
  });

  beforeAll(async () => {
    if (!("found" in binary)) return;
    own = await startEnvoy(binary.found, { listeners: [[merlon({ mode: "block" })]], upstream: server });
  }, LONG_MS);
  afterAll(() => own?.stop());

  async function converse(pieces: readonly Buffer[]): Promise<{ answers: number; end: string }> {
    const session = connect(`http://127.0.0.1:${own?.ports[0]}`);
    session.on("error", () => {});
    const stream: ClientHttp2Stream = session.request({
      ":method": "POST",
      ":path": "/chat.Room/Talk",
      "content-type": "application/grpc",
      te: "trailers",
    });
    let bytes = 0;
    let end = "";
    let ended = false;
    stream.on("error", () => {});
    stream.on("response", (headers) => {
      end = String(headers["grpc-status"] ?? "");
    });
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on("close", () => {
      ended = true;
    });
    let sent = 0;
    let answers = 0;
    for (const piece of pieces) {
      stream.write(piece);
      sent += piece.length;
      await until(
        () => bytes,
        () => ended || end !== "" || bytes >= sent,
      );
      if (ended || end !== "") break;
      answers++;
    }
    if (stream.rstCode !== 0) end ||= "reset";
    stream.close();
    session.destroy();
    return { answers, end };
  }

  const message = (text: string): Buffer => frame(sizedField(1, text));

  test("is a conversation: each message goes on when it is whole and judged", async () => {
    if (own === undefined) return;
    const all = await converse([message("hello"), message("how are you"), message("good bye")]);
    expect(all.answers).toBe(3);
  });

  test("is refused where its first message is an attack, and cut where a later one is", async (context) => {
    requireOrSkip(context, binary);
    const before = calls;
    expect(await converse([message("../../../../etc/passwd"), message("b")])).toEqual({ answers: 0, end: "7" });
    expect(calls).toBe(before);
    const later = await converse([message("hello"), message("../../../../etc/passwd"), message("b")]);
    expect(later.answers).toBe(1);
  });
});

test(
  "what went through is counted, and the sums add up",
  async (context) => {
    requireOrSkip(context, binary);
    if (stage === undefined) return;
    // What was counted before is told within a second or two.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const before = await stage.stats("wasmcustom.merlon");
    const query = encodeURIComponent(ATTACK.slice(3));
    for (const [index, path] of [
      [0, "/"],
      [0, `/?id=${query}`],
      [2, "/"],
      [2, `/?id=${query}`],
      [2, "/passwd?file=../../../../etc/passwd"],
      [3, `/?id=${query}`],
    ] as const) {
      await send(port(index), path);
    }
    await send(port(0), "/", { headers: { "x-merlon-a": "1", "x-merlon-b": "2" } });
    await sendInTwo(port(0), "/counted-late", "chunked", `a=${"x".repeat(4 * HOLD)}`, `&${ATTACK}`);
    const counted = {
      requests: 8,
      inspected: 7,
      "skipped.off": 1,
      attacks: 4,
      blocked: 1,
      partially_blocked: 1,
      incidents: 1,
      records: 4,
      fields_stripped: 2,
      "failed_open.oversize": 1,
      records_dropped: 0,
    };
    const sums = Object.entries(counted).map(([name, more]) => [
      name,
      (before[`wasmcustom.merlon.${name}`] ?? 0) + more,
    ]);
    await untilCounted(stage, Object.fromEntries(sums));
    const response = await fetch(`http://127.0.0.1:${stage.admin}/stats/prometheus`);
    expect(await response.text()).toMatch(/^merlon_partially_blocked\{\} \d+$/m);
  },
  LONG_MS,
);
