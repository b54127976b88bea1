/** Who may use the live page: a link works once, a token is needed for everything, and foreign names get nothing. */
import { describe, expect, test } from "vitest";
import { Access } from "../../../hosts/demo/access.ts";
import { connectRaw, send } from "../dataplane/sidecar/stage.ts";
import { call, keyOf, openSession, startStage } from "./stage.ts";

const CALLS = ["state", "events", "stream", "mode", "send", "nothing"];

describe("the key of a link", () => {
  test("opens one session, and the next link has another key", async () => {
    const { demo, livePort } = await startStage();
    const key = keyOf(demo.link());
    expect(key).toMatch(/^[\w-]{24}$/);
    expect((await call(livePort, "session", "", { key })).status).toBe(200);
    expect(await call(livePort, "session", "", { key })).toMatchObject({
      status: 401,
      body: { error: "this link was used already: take the new one" },
    });
    expect(keyOf(demo.link())).not.toBe(key);
    expect((await call(livePort, "session", "", { key: keyOf(demo.link()) })).status).toBe(200);
  });

  test.each([
    { what: "a wrong key", body: { key: "A".repeat(24) } },
    { what: "an empty key", body: { key: "" } },
    { what: "a long key", body: { key: "A".repeat(65) } },
    { what: "no key", body: {} },
    { what: "a key that is no text", body: { key: [] } },
    { what: "something beside the key", body: { key: "A", also: 1 } },
    { what: "no JSON", body: "{" },
    { what: "a body of 5000 bytes", body: "x".repeat(5000) },
    { what: "a body of a megabyte", body: "x".repeat(1 << 20) },
  ])("$what opens none and spends none", async ({ body }) => {
    const stage = await startStage();
    expect((await call(stage.livePort, "session", "", body)).status).toBe(401);
    await openSession(stage);
  });

  test("is read only from a POST", async () => {
    const { livePort } = await startStage();
    expect((await call(livePort, "session", "")).status).toBe(401);
  });
});

describe("the token of a session", () => {
  test("is needed for every call", async () => {
    const { livePort } = await startStage();
    for (const path of CALLS) {
      for (const body of [undefined, {}])
        expect([path, (await call(livePort, path, "x", body)).status]).toEqual([path, 401]);
    }
  });

  test.each<[string, (token: string) => string | undefined]>([
    ["no header", () => undefined],
    ["no scheme", (token) => token],
    ["another scheme", (token) => `Basic ${token}`],
    ["a token cut short", (token) => `Bearer ${token.slice(0, -1)}`],
    ["a token with more behind", (token) => `Bearer ${token}x`],
    ["a token in other case", (token) => `Bearer ${token.toLowerCase()}-`],
    ["an empty token", () => "Bearer "],
  ])("is not replaced by %s", async (_what, write) => {
    const stage = await startStage();
    const token = await openSession(stage);
    const authorization = write(token);
    const headers = authorization === undefined ? {} : { authorization };
    expect((await send(stage.livePort, { path: "/api/state", headers })).status).toBe(401);
    expect((await call(stage.livePort, "state", token)).status).toBe(200);
  });

  test("is no cookie", async () => {
    const stage = await startStage();
    const body = JSON.stringify({ key: keyOf(stage.demo.link()) });
    const reply = await send(stage.livePort, { path: "/api/session", method: "POST" }, body);
    expect(reply.headers["set-cookie"]).toBeUndefined();
  });

  test("ends when sixteen others were opened", () => {
    const access = new Access();
    const tokens = Array.from({ length: 17 }, () => access.open(access.key) ?? "");
    const allowed = tokens.map((token) => access.allows({ headers: { authorization: `Bearer ${token}` } }));
    expect(allowed).toEqual([false, ...Array.from({ length: 16 }, () => true)]);
  });
});

describe("a request to another name", () => {
  test.each<[string, (port: number) => string]>([
    ["a foreign name that leads here", (port) => `Host: evil.test:${port}`],
    ["a foreign name without a port", () => "Host: evil.test"],
    ["the own address without its port", () => "Host: 127.0.0.1"],
    ["the own name at another port", (port) => `Host: localhost:${port + 1}`],
    ["a name that begins like ours", (port) => `Host: 127.0.0.1:${port}.evil.test`],
    ["an empty name", () => "Host:"],
  ])("%s is answered 421, the page as well as the calls", async (_what, host) => {
    const stage = await startStage();
    const token = await openSession(stage);
    for (const path of ["/", "/main.js", "/api/state", "/api/events", "/api/stream"]) {
      const client = await connectRaw(stage.livePort);
      const head = [
        `GET ${path} HTTP/1.1`,
        host(stage.livePort),
        `Authorization: Bearer ${token}`,
        "Connection: close",
      ];
      client.write(`${head.join("\r\n")}\r\n\r\n`);
      expect(await client.end()).toMatch(/^HTTP\/1\.1 421 /);
    }
  });

  test.each(["127.0.0.1", "localhost", "[::1]"])("our own name %s is served", async (name) => {
    const { livePort } = await startStage();
    expect((await send(livePort, { path: "/", headers: { host: `${name}:${livePort}` } })).status).toBe(200);
  });
});
