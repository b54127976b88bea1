/**
 * Records on their way by gRPC: a real Envoy with the filter and the access log that the connector prints sends them to
 * the agent's port, and they come to a store. What is no message, and who may not connect, ends there.
 */
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from "node:http2";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { agentCluster } from "../../../../hosts/cli/connector/filter.ts";
import { recordStream } from "../../../../hosts/cli/connector/record-log.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { LogReceiver, type ReceiverOptions } from "../../../../hosts/dataplane/agent/log-receiver.ts";
import { readyPolicy } from "../../../../hosts/policy/apply.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";
import { HttpSink } from "../../../../hosts/records/http-sink.ts";
import { policyFacts } from "../../../../hosts/records/policy-facts.ts";
import { Recorder } from "../../../../hosts/records/recorder.ts";
import { frame } from "../../../assembly/protobuf-writer.ts";
import { requireOrSkip } from "../../../tools/component.ts";
import { Receiver } from "../../records/receiver.ts";
import { findEnvoy, imageText, LONG_MS, merlon, send, startEnvoy, until } from "../envoy/stage.ts";
import { makeCertificate, makeFolder } from "../sidecar/certificates.ts";
import { entryOf, messageOf } from "./entries.ts";
import { lineOf } from "./lines.ts";

const HOST = "127.0.0.1";
const METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
const UNION = encodeURIComponent("1' UNION SELECT login,password FROM users-- ");

interface Stage {
  readonly agent: LogReceiver;
  /** Where its records are. */
  readonly spool: string;
  /** What the operator was told. */
  readonly said: string[];
}

async function startReceiver(store: number | null, more: Partial<ReceiverOptions> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "merlon-receiver-"));
  const engine = Engine.load();
  const node = {
    id: "mesh",
    kind: "wasm",
    version: "1",
    ruleset: { id: "1", sha256: engine.sha256 },
    env: {},
  } as const;
  const ready = readyPolicy(defaultPolicy);
  const policy = policyFacts("merlon.yaml", () => ready);
  const sink = store === null ? undefined : new HttpSink({ url: `http://${HOST}:${store}`, nodeId: node.id });
  const recorder = await Recorder.open({ folder, node, policy, sink });
  const listen = { host: HOST, port: 0 };
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const shared = { recorder, node, policy, signatures: engine.signatures, say, listen };
  const agent = await LogReceiver.start({ ...shared, ...more });
  onTestFinished(async () => {
    await agent.close();
    await recorder.close(0);
    rmSync(folder, { recursive: true, force: true });
  });
  return { agent, spool: join(folder, "spool"), said };
}

/** Sends these bytes as one call. @returns the status of gRPC, or that there was no connection */
async function call(port: number, bytes: Uint8Array, path = METHOD, tls?: SecureClientSessionOptions): Promise<string> {
  const session = connect(`${tls === undefined ? "http" : "https"}://${HOST}:${port}`, tls);
  onTestFinished(() => session.destroy());
  return await new Promise((resolve) => {
    const refused = (): void => resolve("refused");
    session.on("error", refused);
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
    for (const event of ["error", "close"]) stream.on(event, refused);
    stream.on("response", (headers) => resolve(String(headers["grpc-status"])));
    stream.end(bytes);
  });
}

/** What was written before has been read by the server then. */
async function ping(session: ClientHttp2Session): Promise<void> {
  await new Promise<void>((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));
}

/** A message with the record of this number. */
function recordMessage(number: number): Buffer {
  return frame(messageOf(entryOf(JSON.stringify(JSON.parse(lineOf(number)).record))));
}

test("a record of a real Envoy comes to the store, and requests without one send nothing", {
  timeout: LONG_MS,
}, async (context) => {
  const found = requireOrSkip(context, await findEnvoy());
  const receiver = new Receiver();
  const store = await receiver.listen();
  onTestFinished(() => receiver.close());
  const { agent } = await startReceiver(store);
  const stage = await startEnvoy(found, {
    listeners: [[merlon({ policy: imageText({ mode: "block" }) })]],
    upstream: (_request, response) => response.end("application"),
    clusters: [agentCluster({ address: { host: HOST, port: agent.port } })],
    manager: () => ({ use_remote_address: true, access_log: [recordStream()] }),
  });
  onTestFinished(() => stage.stop());
  const port = stage.ports[0] ?? 0;
  await send(port, "/harmless");
  const reply = await send(port, `/orders/17?id=${UNION}`, { headers: { host: "shop.example" } });
  await until(
    () => receiver.records.size,
    (size) => size > 0,
  );
  expect([...receiver.records.values()]).toMatchObject([
    {
      ref: reply.headers["x-merlon-ref"],
      action: "blocked",
      request: { host: "shop.example", path: "/orders/17" },
      response: { status: 403, size: reply.body.length, seen: true },
    },
  ]);
  expect(agent.counters).toMatchObject({ records: 1, invalid: 0 });
});

test.each([
  { what: "bytes that are no message", path: METHOD, bytes: frame(Buffer.from("nonsense")), status: "3", invalid: 1 },
  { what: "a message beyond the limit", path: METHOD, bytes: Buffer.from([0, 255, 0, 0, 0]), status: "3", invalid: 1 },
  { what: "another call", path: "/other", bytes: Buffer.alloc(0), status: "12", invalid: 0 },
  { what: "no record at all", path: METHOD, bytes: frame(Buffer.alloc(0)), status: "0", invalid: 0 },
])("$what is answered $status", async ({ path, bytes, status, invalid }) => {
  const { agent } = await startReceiver(null);
  expect(await call(agent.port, bytes, path)).toBe(status);
  expect(agent.counters.invalid).toBe(invalid);
  expect(agent.isWell).toBe(true);
});

test("what comes behind bytes that are no message is thrown away", async () => {
  const { agent } = await startReceiver(null);
  const session = connect(`http://${HOST}:${agent.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": METHOD, "content-type": "application/grpc" });
  stream.resume().write(frame(Buffer.from("nonsense")));
  await once(stream, "response");
  stream.write(recordMessage(1));
  await ping(session);
  expect(agent.counters).toMatchObject({ records: 0, invalid: 1 });
});

test("with TLS those alone are heard who show a certificate of the right authority, a new one at once", async () => {
  const folder = makeFolder();
  const [own, client, next] = ["own", "client", "next"].map((name) => makeCertificate(folder, name));
  if (own === undefined || client === undefined || next === undefined) throw new Error("no certificates");
  const clientCaFile = join(folder, "clients.pem");
  copyFileSync(client.certFile, clientCaFile);
  const { agent, said } = await startReceiver(null, { tls: { ...own, clientCaFile, reloadMs: 50 } });
  const ca = readFileSync(own.certFile);
  const as = async (shown?: typeof own): Promise<string> => {
    const pair = shown === undefined ? {} : { cert: readFileSync(shown.certFile), key: readFileSync(shown.keyFile) };
    return await call(agent.port, recordMessage(1), METHOD, { ca, ...pair });
  };
  expect([await as(client), await as(next), await as()]).toEqual(["0", "refused", "refused"]);
  expect(agent.counters.records).toBe(1);
  copyFileSync(next.certFile, clientCaFile);
  await until(
    async () => said.length,
    (count) => count > 0,
  );
  expect([await as(client), await as(next)]).toEqual(["refused", "0"]);
  expect(await call(agent.port, recordMessage(1))).toBe("refused");
});

test("a client that begins no TLS does not keep the receiver from its end", async () => {
  const { agent } = await startReceiver(null, { tls: makeCertificate(makeFolder(), "own") });
  const socket = connectTcp(agent.port, HOST);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  // The server has taken the connection where it answers a later one.
  expect(await call(agent.port, recordMessage(1))).toBe("refused");
  const ended = once(socket, "close");
  await agent.close();
  await ended;
});

test("a disk that takes nothing is told once, and has everything when it is well again", {
  timeout: LONG_MS,
}, async () => {
  const { agent, spool, said } = await startReceiver(null);
  const away = `${spool}-away`;
  renameSync(spool, away);
  const session = connect(`http://${HOST}:${agent.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": METHOD, "content-type": "application/grpc" });
  stream.write(recordMessage(1));
  await until(
    async () => agent.isWell,
    (isWell) => !isWell,
  );
  stream.end(recordMessage(2));
  await ping(session);
  expect(agent.counters.records, "the second waits in Envoy").toBe(1);
  mkdirSync(spool, { recursive: true });
  await until(
    async () => agent.isWell && agent.counters.records,
    (records) => records === 2,
  );
  await until(
    async () =>
      readdirSync(spool)
        .map((file) => readFileSync(join(spool, file), "latin1"))
        .join(""),
    (text) => [1, 2].every((number) => text.includes(JSON.parse(lineOf(number)).record.id)),
  );
  rmSync(away, { recursive: true });
  expect(said.map((line) => line.split(";")[0])).toEqual(["the disk refuses records", "the disk is well"]);
});
