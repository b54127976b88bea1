/** The port: calls that are known, health, TLS with clients' certificates and new ones, resets by the thousand. */

import { copyFileSync, readFileSync } from "node:fs";
import * as http2 from "node:http2";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { makeCertificate, makeFolder } from "../sidecar/certificates.ts";
import { eventually, listen } from "../sidecar/stage.ts";
import { Call, head, startStage } from "./stage.ts";

const CHECK = "/grpc.health.v1.Health/Check";

test("a call that there is not is refused, and counted", async () => {
  const { call, server } = await startStage();
  const unknown = call({}, "/envoy.service.auth.v3.Authorization/Check");
  unknown.stream.end();
  expect(await unknown.closed()).toBe("12");
  expect(server.counters.unknownCalls).toBe(1);
});

test("health is on the same port, and a drain says so to those who watch", async () => {
  const { call, server } = await startStage();
  const check = call({}, CHECK).send(Buffer.alloc(0));
  check.stream.end();
  expect(await check.next()).toMatchObject({ field: 1 });
  expect(await check.closed()).toBe("0");
  const watch = call({}, "/grpc.health.v1.Health/Watch").send(Buffer.alloc(0));
  await watch.next();
  const closing = server.close(5000);
  await watch.next();
  watch.reset();
  await closing;
});

test("a drain lets streams in progress finish and takes no new connection", async () => {
  const { call, server } = await startStage();
  const stream = call().send(head("/"));
  await eventually(() => server.counters.activeStreams === 1);
  const closing = server.close(20_000);
  stream.send(head("/"));
  expect(await stream.closed()).toBe("9");
  await closing;
});

test("thousands of resets on one connection end no connection", async () => {
  const { call, server } = await startStage();
  for (let round = 0; round < 15; round++) {
    const streams = Array.from({ length: 100 }, () => call().send(head("/", [], { end: true })));
    for (const stream of streams) {
      expect(await stream.next()).toMatchObject({ field: 1 });
      stream.reset();
    }
  }
  await eventually(() => server.counters.requests === 1500);
  expect(server.counters.connections).toBe(1);
});

test("a port that is taken is an error for a person", async () => {
  const other = createServer();
  const port = await listen(other);
  await expect(startStage({ listen: { port } })).rejects.toMatchObject({ code: "MERLON_LISTEN" });
});

describe("with TLS", () => {
  function connect(port: number, options: http2.SecureClientSessionOptions): Promise<string> {
    const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...options });
    return new Promise((resolve) => {
      session.on("error", () => resolve("refused"));
      session.on("close", () => resolve("refused"));
      const path = { ":method": "POST", ":path": CHECK, "content-type": "application/grpc" };
      const stream = new Call(session.request(path)).send(Buffer.alloc(0));
      stream.stream.end();
      void stream.closed().then((status) => {
        resolve(status === "0" ? status : "refused");
        session.destroy();
      });
    });
  }

  test("serves those alone who show a certificate of the right authority", async () => {
    const folder = makeFolder();
    const own = makeCertificate(folder, "own");
    const client = makeCertificate(folder, "client");
    const stranger = makeCertificate(folder, "stranger");
    const { server } = await startStage({ tls: { ...own, clientCaFile: client.certFile } });
    const pairOf = ({ certFile, keyFile }: typeof own) => ({
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
    });
    expect(await connect(server.port, pairOf(client))).toBe("0");
    expect(await connect(server.port, pairOf(stranger))).toBe("refused");
    expect(await connect(server.port, {})).toBe("refused");
  });

  test("uses a new certificate and new authorities without a restart", async () => {
    const folder = makeFolder();
    const own = makeCertificate(folder, "own");
    const client = makeCertificate(folder, "client");
    const next = makeCertificate(folder, "next");
    const clientCaFile = `${folder}/ca.pem`;
    copyFileSync(client.certFile, clientCaFile);
    const { server, notices } = await startStage({ tls: { ...own, clientCaFile, reloadMs: 50 } });
    const pair = { cert: readFileSync(next.certFile), key: readFileSync(next.keyFile) };
    expect(await connect(server.port, pair)).toBe("refused");
    copyFileSync(next.certFile, clientCaFile);
    await eventually(() => notices.some(({ event }) => event === "tls_reloaded"));
    expect(await connect(server.port, pair)).toBe("0");
  });
});
