/** The wire: what is sent, what each answer means, and that a token goes where it was written for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { readTlsMaterial } from "../../../hosts/core/tls-material.ts";
import { answerOf, HttpSink, type HttpSinkOptions, recordsUrl } from "../../../hosts/records/http-sink.ts";
import { makeCertificate } from "../dataplane/sidecar/certificates.ts";
import { Receiver, type Refusal } from "./receiver.ts";
import { sampleRecord } from "./sample.ts";

const NODE = "node-1";
const BATCH = [sampleRecord(), sampleRecord()].map((record) => Buffer.from(JSON.stringify(record)));

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-sink-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(options: Partial<HttpSinkOptions> = {}): Promise<{ receiver: Receiver; sink: HttpSink }> {
  const receiver = new Receiver();
  const port = await receiver.listen();
  const sink = new HttpSink({ url: `http://127.0.0.1:${port}/`, nodeId: NODE, ...options });
  onTestFinished(async () => {
    await sink.close();
    await receiver.close();
    expect(receiver.faults).toEqual([]);
  });
  return { receiver, sink };
}

test("a batch is stored, and told as duplicates the second time", async () => {
  const { sink, receiver } = await start();
  expect(await sink.send(BATCH, 3)).toEqual({ kind: "stored", stored: 2, duplicates: 0 });
  expect(await sink.send(BATCH, 3)).toEqual({ kind: "stored", stored: 0, duplicates: 2 });
  expect([...receiver.records.values()].map((record) => Buffer.from(JSON.stringify(record)))).toEqual(BATCH);
});

test("the token is read anew for each batch, and without one nothing is sent", async () => {
  const tokenFile = join(makeFolder(), "token");
  const { sink, receiver } = await start({ tokenFile });
  const seen: (string | undefined)[] = [];
  receiver.judge = (_records, { headers }) => {
    seen.push(headers.authorization);
    return null;
  };
  expect(await sink.send(BATCH, 0)).toMatchObject({ kind: "later", reason: "ENOENT" });
  for (const token of ["first", "second"]) {
    writeFileSync(tokenFile, `${token}\n`);
    await sink.send(BATCH, 0);
  }
  writeFileSync(tokenFile, "two words");
  expect(await sink.send(BATCH, 0)).toMatchObject({ kind: "later" });
  expect(seen).toEqual(["Bearer first", "Bearer second"]);
});

test("a redirect is not followed: the token stays where it was meant to go", async () => {
  const { sink, receiver } = await start();
  const other = await start();
  receiver.judge = () => ({ status: 307, headers: { location: "http://127.0.0.1:1/v1/records" } });
  expect(await sink.send(BATCH, 0)).toMatchObject({ kind: "later", reason: "status 307" });
  expect(other.receiver.batches).toBe(0);
});

test("no answer, a slow one and one that is too long are tried again later", async () => {
  const { sink, receiver } = await start();
  receiver.judge = () => ({ status: 200, cut: true });
  expect(await sink.send(BATCH, 0)).toMatchObject({ kind: "later", afterMs: 0 });
  receiver.judge = () => ({ status: 200, body: "x".repeat(100_000) });
  expect(await sink.send(BATCH, 0)).toMatchObject({ kind: "later" });
  await receiver.close();
  expect(await sink.send(BATCH, 0)).toMatchObject({ kind: "later", reason: "ECONNREFUSED" });
});

test("the store's certificate is verified, and the node shows its own", async () => {
  const folder = makeFolder();
  const store = makeCertificate(folder, "localhost");
  const node = makeCertificate(folder, "node-1");
  const material = readTlsMaterial(store.certFile, store.keyFile, node.certFile);
  const authorities = { ca: material.clientAuthorities, requestCert: true, rejectUnauthorized: true };
  const receiver = new Receiver((listener) => createSecureServer({ ...material, ...authorities }, listener));
  const port = await receiver.listen();
  const url = `https://localhost:${port}`;
  const peers: string[] = [];
  receiver.judge = (_records, request) => {
    peers.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN));
    return null;
  };
  const sinks = [
    new HttpSink({ url, nodeId: NODE }),
    new HttpSink({ url, nodeId: NODE, caFile: store.certFile }),
    new HttpSink({ url, nodeId: NODE, caFile: store.certFile, certificate: node }),
  ];
  onTestFinished(async () => {
    for (const sink of sinks) await sink.close();
    await receiver.close();
  });
  const kinds: string[] = [];
  for (const sink of sinks) kinds.push((await sink.send(BATCH, 0)).kind);
  expect([kinds, peers]).toEqual([["later", "later", "stored"], ["node-1"]]);
});

describe("an answer", () => {
  const ANSWERS: readonly (readonly [Refusal & { retryAfter?: string }, object])[] = [
    [
      { status: 200, body: '{"stored":1,"duplicates":1}' },
      { kind: "stored", stored: 1, duplicates: 1 },
    ],
    [
      { status: 202, body: '{"stored":2,"duplicates":0,"more":1}' },
      { kind: "stored", stored: 2, duplicates: 0 },
    ],
    [{ status: 200, body: '{"stored":1,"duplicates":0}' }, { kind: "later" }],
    [{ status: 200, body: '{"stored":-1,"duplicates":3}' }, { kind: "later" }],
    [{ status: 200, body: "<html>" }, { kind: "later" }],
    [{ status: 204, body: "" }, { kind: "later" }],
    [{ status: 413 }, { kind: "too_large" }],
    [
      { status: 422, body: '{"error":"line 2: id\\u0007 is no ULID"}' },
      { kind: "refused", reason: /^line 2: id\? is/ },
    ],
    [{ status: 422 }, { kind: "refused", reason: "status 422" }],
    [
      { status: 422, body: '{"stored":0,"duplicates":0,"rejected":[{"line":1,"reason":"v is 9"}]}' },
      { kind: "refused", reason: "v is 9" },
    ],
    // What an nginx says to plain HTTP on its TLS port: nothing about records.
    [
      { status: 400, body: "<html>" },
      { kind: "later", reason: "status 400" },
    ],
    [{ status: 401 }, { kind: "denied" }],
    [{ status: 403 }, { kind: "denied" }],
    [{ status: 404 }, { kind: "later", reason: "status 404", afterMs: 0 }],
    [
      { status: 503, retryAfter: "7" },
      { kind: "later", afterMs: 7000 },
    ],
    [
      { status: 429, retryAfter: "99999" },
      { kind: "later", afterMs: 300_000 },
    ],
    [
      { status: 503, retryAfter: "soon" },
      { kind: "later", afterMs: 0 },
    ],
  ];

  test.each(ANSWERS)("%j means %j", ({ status, body = "{}", retryAfter = "" }, meaning) => {
    const answer = answerOf(status, body, retryAfter, 2);
    for (const [field, value] of Object.entries(meaning)) {
      const said = Object.entries(answer).find(([name]) => name === field)?.[1];
      if (value instanceof RegExp) expect(said).toMatch(value);
      else expect(said).toBe(value);
    }
  });
});

test.each([
  ["https://store.example", "https://store.example/v1/records"],
  ["http://10.0.0.1:8080/merlon/", "http://10.0.0.1:8080/merlon/v1/records"],
])("%s is %s", (text, url) => {
  expect(recordsUrl(text).href).toBe(url);
});

test.each(["store.example", "ftp://a", "https://user:word@a", "https://a/?b", "https://a/#b", ""])(
  "%j is refused with what to write",
  (text) => {
    expect(() => recordsUrl(text)).toThrow(/the address for records .* — .*write https:\/\//);
  },
);
