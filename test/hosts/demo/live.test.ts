/** The live page's server: its files, its calls, and a stream that no slow or numerous reader can make grow. */
import { describe, expect, test } from "vitest";
import { Feed } from "../../../hosts/demo/feed.ts";
import { sendSample } from "../../../hosts/demo/live.ts";
import { connectRaw, type RawClient, send, standStill } from "../dataplane/sidecar/stage.ts";
import { attack, call, eventOf, matchOf, openSession, sampleOf, startLive, startStage } from "./stage.ts";

/** Opens the stream on a connection of its own. */
async function openStream(port: number, token: string): Promise<RawClient> {
  const client = await connectRaw(port);
  const head = ["GET /api/stream HTTP/1.1", `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`];
  client.write(`${head.join("\r\n")}\r\n\r\n`);
  return client;
}

describe("the page", () => {
  test("is served with the headers that keep scripts and frames out", async () => {
    const { livePort } = await startStage();
    const reply = await send(livePort, { path: "/" });
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    const policy = String(reply.headers["content-security-policy"]).split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy.join()).not.toContain("unsafe");
    expect(reply.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(reply.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test.each([
    { method: "GET", path: "/main.js?v=1", status: 200 },
    { method: "HEAD", path: "/style.css", status: 200 },
    { method: "POST", path: "/", status: 405 },
    { method: "GET", path: "/demo.ts", status: 404 },
    { method: "GET", path: "/../demo.ts", status: 404 },
    { method: "GET", path: "/%2e%2e/demo.ts", status: 404 },
    { method: "GET", path: "//etc/passwd", status: 404 },
    { method: "GET", path: "/constructor", status: 404 },
  ])("$method $path is answered $status", async ({ method, path, status }) => {
    const reply = await send((await startStage()).livePort, { method, path });
    expect(reply.status).toBe(status);
    if (method === "HEAD") expect(reply.body).toBe("");
  });
});

describe("the calls", () => {
  test("state: mode, port and samples, without the requests that they are", async () => {
    const stage = await startStage();
    const { status, body } = await call(stage.livePort, "state", await openSession(stage));
    expect([status, body["mode"], body["proxyPort"]]).toEqual([200, "monitoring", stage.proxyPort]);
    const [first] = body["samples"] as Record<string, unknown>[];
    expect(Object.keys(first ?? {})).toEqual(["id", "label", "about", "harmless"]);
  });

  test("mode: watching lets an attack pass, blocking answers 403 with the reference that the events show", async () => {
    const stage = await startStage();
    const token = await openSession(stage);
    expect((await attack(stage)).status).toBe(200);
    expect(await call(stage.livePort, "mode", token, { mode: "block" })).toEqual({
      status: 200,
      body: { mode: "block" },
    });
    const blocked = await attack(stage);
    expect(blocked.status).toBe(403);
    expect(blocked.body).not.toContain("passwd");
    const events = (await call(stage.livePort, "events", token)).body as unknown as Record<string, unknown>[];
    expect(events).toHaveLength(2);
    expect(events[0]).toMatchObject({ action: "block", wouldAction: "block", mode: "block", status: 403 });
    expect(events[1]).toMatchObject({ action: "pass", wouldAction: "block", mode: "monitoring", status: 200 });
    expect(JSON.parse(blocked.body)).toMatchObject({ reference: events[0]?.["ref"] });
    expect((await send(stage.proxyPort, { path: "/?id=2" })).status).toBe(200);
    await call(stage.livePort, "mode", token, { mode: "monitoring" });
    expect((await attack(stage)).status).toBe(200);
  });

  test.each([{ mode: "off" }, { mode: "safe_blocking" }, { mode: 1 }, {}, { mode: "block", also: 1 }, "{", "null"])(
    "mode: %j is refused and changes nothing",
    async (body) => {
      const stage = await startStage();
      expect((await call(stage.livePort, "mode", await openSession(stage), body)).status).toBe(400);
      expect(stage.demo.mode()).toBe("monitoring");
    },
  );

  test("send: a sample goes through the proxy, and its answer's status comes back", async () => {
    const stage = await startStage({ mode: "block" });
    const token = await openSession(stage);
    const sent = async (sample: string): Promise<unknown> =>
      (await call(stage.livePort, "send", token, { sample })).body["status"];
    expect(await sent("ptrav")).toBe(403);
    expect(await sent("visit")).toBe(200);
    expect(((await call(stage.livePort, "events", token)).body as unknown as unknown[]).length).toBe(2);
  });

  test.each([{ sample: "nothing" }, { sample: "constructor" }, { sample: "x".repeat(33) }, {}, "["])(
    "send: %j is refused",
    async (body) => {
      const stage = await startStage();
      expect((await call(stage.livePort, "send", await openSession(stage), body)).status).toBe(400);
    },
  );

  test("send: a proxy that is not there is told as 0", async () => {
    expect(await sendSample(sampleOf("visit"), 1)).toBe(0);
  });

  test("a call by the wrong method is not there", async () => {
    const stage = await startStage();
    const token = await openSession(stage);
    for (const path of ["mode", "send", "nothing"]) expect((await call(stage.livePort, path, token)).status).toBe(404);
    for (const path of ["state", "events", "stream"]) {
      expect((await call(stage.livePort, path, token, {})).status).toBe(404);
    }
  });
});

/** What a stream said by now: names and values. */
function toldBy({ received }: RawClient): { name: string; value: Record<string, unknown> }[] {
  return [...received.matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm)].map(([, name = "", data = ""]) => ({
    name,
    value: JSON.parse(data),
  }));
}

describe("the stream", () => {
  test("begins with the numbers and tells each verdict", async () => {
    const stage = await startStage();
    const client = await openStream(stage.livePort, await openSession(stage));
    await client.until(/event: summary/);
    await attack(stage);
    await client.until(/event: verdict\ndata: .*\n\n/);
    const [first, ...later] = toldBy(client);
    expect(first).toMatchObject({ name: "summary", value: { requests: 0, mode: "monitoring" } });
    const verdict = later.find(({ name }) => name === "verdict")?.value;
    expect(verdict).toMatchObject({ method: "GET", path: "/manual", wouldAction: "block" });
  });

  test("keeps a line break that a client sent inside its message", async () => {
    const feed = new Feed();
    const { live, port } = await startLive(feed);
    const token = live.access.open(live.access.key) ?? "";
    const client = await openStream(port, token);
    await client.until(/event: summary/);
    feed.add(eventOf({ path: "/\n\nevent: verdict\ndata: {}\n\n" }));
    await client.until(/event: verdict/);
    const verdicts = toldBy(client).filter(({ name }) => name === "verdict");
    expect(verdicts.map(({ value }) => value["path"])).toEqual(["/\n\nevent: verdict\ndata: {}\n\n"]);
  });

  test("is refused to the seventeenth page, and free again when one closes", async () => {
    const stage = await startStage();
    const token = await openSession(stage);
    const clients: RawClient[] = [];
    for (let i = 0; i < 16; i++) clients.push(await openStream(stage.livePort, token));
    for (const client of clients) await client.until(/event: summary/);
    expect(await call(stage.livePort, "stream", token)).toEqual({
      status: 503,
      body: { error: "too many pages are open: close one" },
    });
    clients[0]?.socket.destroy();
    // The server learns of it when the system tells it.
    for (let client = await openStream(stage.livePort, token); ; client = await openStream(stage.livePort, token)) {
      const [, status] = await client.until(/^HTTP\/1\.1 (\d+)/);
      if (status === "200") break;
    }
  });

  test("cuts off a reader that does not read, with a bounded backlog", async () => {
    const feed = new Feed();
    const { live, port, sockets } = await startLive(feed);
    const token = live.access.open(live.access.key) ?? "";
    const client = await openStream(port, token);
    await client.until(/event: summary/);
    client.socket.pause();
    const [socket] = sockets;
    const big = { matches: [matchOf(new Uint8Array(64 * 1024))] };
    let backlog = 0;
    // Far more than the system's own buffers hold; each turn of the loop lets the server write.
    for (let i = 0; i < 1000 && socket?.destroyed === false; i++) {
      feed.add(eventOf({}, big));
      backlog = Math.max(backlog, socket.writableLength);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket?.destroyed).toBe(true);
    expect(backlog).toBeLessThan(2 << 20);
    const replacements = Array.from({ length: 16 }, () => feed.listen(() => {}));
    expect(replacements).not.toContain(null);
  });

  test("a reader that keeps up is not cut off", async () => {
    const feed = new Feed();
    const { live, port } = await startLive(feed);
    const token = live.access.open(live.access.key) ?? "";
    const client = await openStream(port, token);
    await client.until(/event: summary/);
    for (let i = 0; i < 300; i++) {
      feed.add(eventOf({ id: `id-${i}` }, { matches: [matchOf(new Uint8Array(16 * 1024))] }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(/"id":"id-299"/);
    await standStill(() => client.received.length);
    expect(client.ended).toBe(false);
  });
});
