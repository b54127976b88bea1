/**
 * Records on their way by gRPC: a real Envoy with the filter and the access log that the connector prints sends them to
 * the agent's port, and they come to a store. What is no message, and who may not connect, ends there.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:http2";
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

const HOST = "127.0.0.1";
const METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
const UNION = encodeURIComponent("1' UNION SELECT login,password FROM users-- ");

async function startReceiver(store: number | null, more: Partial<ReceiverOptions> = {}): Promise<LogReceiver> {
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
  const say = (): void => {};
  const shared = { recorder, node, policy, signatures: engine.signatures, say, listen };
  const receiver = await LogReceiver.start({ ...shared, ...more });
  onTestFinished(async () => {
    await receiver.close();
    await recorder.close(0);
    rmSync(folder, { recursive: true, force: true });
  });
  return receiver;
}

test("a record of a real Envoy comes to the store, and requests without one send nothing", {
  timeout: LONG_MS,
}, async (context) => {
  const found = requireOrSkip(context, await findEnvoy());
  const receiver = new Receiver();
  const store = await receiver.listen();
  onTestFinished(() => receiver.close());
  const agent = await startReceiver(store);
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
  const agent = await startReceiver(null);
  const session = connect(`http://${HOST}:${agent.port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
  const answered = new Promise((resolve, reject) => {
    stream.on("error", reject);
    stream.on("response", (headers) => resolve(headers["grpc-status"]));
  });
  stream.end(bytes);
  expect(await answered).toBe(status);
  expect(agent.counters.invalid).toBe(invalid);
  expect(agent.isWell).toBe(true);
});
