/** The listening side: TLS with ALPN, PROXY protocol, limits, and what is said when the port cannot be had. */
import { readFileSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { MerlonError } from "../../../../hosts/core/error.ts";
import { startSidecar } from "../../../../hosts/dataplane/sidecar/sidecar.ts";
import { makeCertificate, makeFolder } from "./certificates.ts";
import { connectRaw, eventually, replyOf, send, startApplication, startStage } from "./stage.ts";
import { WordInspector } from "./word-inspector.ts";

async function startEcho(): Promise<string> {
  return await startApplication((request, response) => response.end(JSON.stringify(request.headers)));
}

function certificateOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    socket.on("error", () => resolve(undefined));
    socket.on("secureConnect", () => {
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      resolve(Array.isArray(CN) ? CN[0] : CN);
    });
  });
}

describe("TLS", () => {
  test("HTTP/1 and HTTP/2 by ALPN, and plain HTTP, share the port", async () => {
    const files = makeCertificate(makeFolder(), "site.test");
    const ca = readFileSync(files.certFile);
    const { port, sidecar, inspector } = await startStage(await startEcho(), { tls: files });
    const one = await new Promise<string>((resolve, reject) => {
      const request = https.get({ port, host: "127.0.0.1", ca, agent: false, servername: "site.test" }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve(body));
      });
      request.on("error", reject);
    });
    expect(JSON.parse(one)).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" });
    const session = http2.connect(`https://127.0.0.1:${port}`, { ca, servername: "site.test" });
    onTestFinished(() => session.destroy());
    const two = await replyOf(session.request({ ":path": "/" }));
    expect(session.alpnProtocol).toBe("h2");
    expect(JSON.parse(two.body)).toMatchObject({ "x-forwarded-proto": "https" });
    expect(JSON.parse((await send(port)).body)).toMatchObject({ "x-forwarded-proto": "http" });
    expect(inspector.heads.map(({ scheme }) => scheme)).toEqual(["https", "https", "http"]);
    expect(sidecar.counters).toMatchObject({ requests: 3, connections: 3 });
  });

  test("a response that is cut is cut under TLS, too", async () => {
    const files = makeCertificate(makeFolder(), "site.test");
    let cut: () => void = () => {};
    const application = await startApplication((_request, response) => {
      response.write("half");
      cut = () => response.destroy();
    });
    const { port } = await startStage(application, { tls: files });
    const outcome = await new Promise<string>((resolve) => {
      const options = { port, host: "127.0.0.1", rejectUnauthorized: false, agent: false };
      const request = https.get(options, (response) => {
        response.on("error", (error: NodeJS.ErrnoException) => resolve(`cut ${error.code}`));
        response.on("end", () => resolve("ended"));
        response.once("data", () => cut());
      });
      request.on("error", (error: NodeJS.ErrnoException) => resolve(`error ${error.code}`));
    });
    expect(outcome).toMatch(/^(cut|error) ECONNRESET$/);
  });

  test("WebSockets pass under it", async () => {
    const files = makeCertificate(makeFolder(), "site.test");
    const application = await startApplication(
      () => {},
      (server) => {
        server.on("upgrade", (_request, socket) => {
          socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
          socket.on("error", () => {}).pipe(socket);
        });
      },
    );
    const { port, sidecar } = await startStage(application, { tls: files });
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    onTestFinished(() => {
      socket.destroy();
    });
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const lines = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x";
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`);
    await eventually(() => text.includes("\r\n\r\n"));
    socket.write("hello");
    await eventually(() => text.endsWith("hello"));
    expect(sidecar.counters.upgrades).toBe(1);
  });

  test("may be required", async () => {
    const files = makeCertificate(makeFolder(), "site.test");
    const { port, sidecar } = await startStage(await startEcho(), { tls: { ...files, required: true } });
    const client = await connectRaw(port);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.end()).toBe("");
    expect(await certificateOf(port)).toBe("site.test");
    expect(sidecar.counters).toMatchObject({ connectionsRefused: 1, requests: 0 });
  });

  test("is refused where there is no certificate", async () => {
    const { port, sidecar } = await startStage(await startEcho());
    expect(await certificateOf(port)).toBeUndefined();
    await eventually(() => sidecar.counters.connectionsRefused === 1);
  });

  test("a new certificate is used without a restart", async () => {
    const folder = makeFolder();
    const files = makeCertificate(folder, "old.test");
    const notices: string[] = [];
    const { port } = await startStage(await startEcho(), {
      tls: { ...files, reloadMs: 50 },
      onNotice: ({ event }) => notices.push(event),
    });
    expect(await certificateOf(port)).toBe("old.test");
    const next = makeCertificate(folder, "new.test");
    writeFileSync(files.certFile, readFileSync(next.certFile));
    writeFileSync(files.keyFile, readFileSync(next.keyFile));
    await eventually(() => notices.includes("tls_reloaded"));
    expect(await certificateOf(port)).toBe("new.test");
  });

  test("a handshake that does not end is cut", async () => {
    const files = makeCertificate(makeFolder(), "site.test");
    const { port, sidecar } = await startStage(await startEcho(), { tls: files, timeouts: { headMs: 200 } });
    const client = await connectRaw(port);
    client.write("\x16\x03\x01\x02\x00\x01");
    await client.end();
    expect(sidecar.counters.slowClients).toBe(1);
  });

  test("a certificate that cannot be read is told at the start", async () => {
    const started = startSidecar({
      upstream: "http://127.0.0.1:1",
      inspector: new WordInspector(),
      tls: { certFile: "/nowhere/tls.crt", keyFile: "/nowhere/tls.key" },
    });
    await expect(started).rejects.toMatchObject({ code: "MERLON_TLS" });
  });
});

describe("PROXY protocol", () => {
  const header = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
  const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

  test("says who the client is, if its sender is trusted", async () => {
    const { port, inspector } = await startStage(await startEcho(), {
      proxyProtocol: { trustedPeers: ["127.0.0.0/8"] },
    });
    const client = await connectRaw(port);
    client.write(header + request);
    expect(await client.end()).toContain('"x-forwarded-for":"192.0.2.1"');
    expect(inspector.peers).toEqual(["192.0.2.1"]);
  });

  test("is not optional for those who are trusted", async () => {
    const { port, sidecar } = await startStage(await startEcho(), { proxyProtocol: { trustedPeers: ["127.0.0.1"] } });
    const client = await connectRaw(port);
    client.write(request);
    expect(await client.end()).toBe("");
    expect(sidecar.counters).toMatchObject({ connectionsRefused: 1, requests: 0 });
  });

  test.each([
    ["is not enabled", undefined],
    ["comes from someone else", { trustedPeers: ["10.0.0.0/8"] }],
  ])("is refused where it %s", async (_name, proxyProtocol) => {
    const { port, sidecar } = await startStage(await startEcho(), proxyProtocol ? { proxyProtocol } : {});
    const client = await connectRaw(port);
    client.write(header + request);
    expect(await client.end()).toBe("");
    expect(sidecar.counters).toMatchObject({ connectionsRefused: 1, requests: 0 });
  });

  test("goes ahead of TLS", async () => {
    const files = makeCertificate(makeFolder(), "site.test");
    const { port, inspector } = await startStage(await startEcho(), {
      tls: files,
      proxyProtocol: { trustedPeers: ["127.0.0.1"] },
    });
    const raw = await connectRaw(port);
    raw.write(header);
    raw.socket.removeAllListeners("data");
    const socket = tls.connect({ socket: raw.socket, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(request);
    await eventually(() => text.includes('"x-forwarded-for":"192.0.2.1"'));
    expect(inspector.peers).toEqual(["192.0.2.1"]);
    expect(inspector.heads[0]?.scheme).toBe("https");
  });
});

test("connections beyond the limit are closed at once", async () => {
  const { port, sidecar } = await startStage(await startEcho(), { maxConnections: 2 });
  const clients = [await connectRaw(port), await connectRaw(port)];
  await eventually(() => sidecar.counters.activeConnections === 2);
  const third = await connectRaw(port);
  expect(await third.end()).toBe("");
  expect(sidecar.counters).toMatchObject({ connections: 2, connectionsRefused: 1 });
  clients[0]?.socket.destroy();
  await eventually(() => sidecar.counters.activeConnections === 1);
  expect((await send(port)).status).toBe(200);
});

test.each([
  ["a port that is taken", (port: number) => ({ host: "127.0.0.1", port }), /127\.0\.0\.1:\d+: .*another port/],
  ["an address that is not here", () => ({ host: "192.0.2.1", port: 0 }), /192\.0\.2\.1:0: .*no such address/],
])("%s is told with the fix", async (_name, listenOn, message) => {
  const { port } = await startStage(await startEcho());
  const inspector = new WordInspector();
  const error: unknown = await startSidecar({
    upstream: "http://127.0.0.1:1",
    inspector,
    listen: listenOn(port),
  }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(MerlonError);
  expect(error).toMatchObject({ code: "MERLON_LISTEN", message: expect.stringMatching(message) });
});
