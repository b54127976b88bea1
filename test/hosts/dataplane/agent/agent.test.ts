/**
 * The agent with its parts: a spool on a disk, a log that tests write, and a real Envoy with the filter and a store
 * behind it. Each record comes to the store once, whatever is killed, cut or full meanwhile.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { recordLog } from "../../../../hosts/cli/connector/record-log.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { Agent } from "../../../../hosts/dataplane/agent/agent.ts";
import { LogRotation } from "../../../../hosts/dataplane/agent/log-rotation.ts";
import { readyPolicy } from "../../../../hosts/policy/apply.ts";
import { compileBundle } from "../../../../hosts/policy/bundle.ts";
import { filterImage } from "../../../../hosts/policy/filter-image.ts";
import { HttpSink } from "../../../../hosts/records/http-sink.ts";
import { policyFacts } from "../../../../hosts/records/policy-facts.ts";
import { Recorder } from "../../../../hosts/records/recorder.ts";
import { policyOf } from "../../../assembly/policy-image.ts";
import { requireOrSkip } from "../../../tools/component.ts";
import { Receiver } from "../../records/receiver.ts";
import { findEnvoy, LONG_MS, merlon, send, startEnvoy, until } from "../envoy/stage.ts";
import { lineOf } from "./lines.ts";

const NODE_ID = "envoy-1";
const UNION = encodeURIComponent("1' UNION SELECT login,password FROM users-- ");
const POLICY = policyOf(
  { mode: "block", application: 7 },
  { exceptions: [{ match: { path: "/excepted" }, ignore: { types: ["sqli"] } }] },
);

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-agent-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Running {
  readonly agent: Agent;
  readonly recorder: Recorder;
  readonly said: string[];
  stop(): Promise<void>;
}

async function startAgent(folder: string, log: string, store: number | null, admin?: string): Promise<Running> {
  const engine = Engine.load();
  const node = {
    id: NODE_ID,
    kind: "wasm",
    version: "1",
    ruleset: { id: "1", sha256: engine.sha256 },
    env: {},
  } as const;
  const ready = readyPolicy(POLICY);
  const policy = policyFacts("merlon.yaml", () => ready);
  const sink = store === null ? undefined : new HttpSink({ url: `http://127.0.0.1:${store}`, nodeId: NODE_ID });
  const recorder = await Recorder.open({ folder, node, policy, sink });
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const rotation = admin === undefined ? undefined : new LogRotation({ log, bytesMax: 4000, admin, say });
  const { signatures } = engine;
  const positionFile = join(folder, "agent.json");
  const agent = await Agent.start({ log, positionFile, recorder, node, policy, signatures, rotation, say });
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopped ??= agent.close().then(() => recorder.close(5000));
    await stopped;
  };
  onTestFinished(stop);
  return { agent, recorder, said, stop };
}

test("what the log has comes to the store, and what is no record is counted", async () => {
  const receiver = new Receiver();
  const store = await receiver.listen();
  onTestFinished(() => receiver.close());
  const folder = makeFolder();
  const log = join(folder, "records.jsonl");
  const running = await startAgent(folder, log, store);
  writeFileSync(log, `${lineOf(1)}nonsense\n${lineOf(2)}${lineOf(3).slice(0, 50)}`);
  await until(
    () => receiver.records.size,
    (size) => size === 2,
  );
  appendFileSync(log, lineOf(3).slice(50));
  await running.stop();
  expect(receiver.records.size).toBe(3);
  expect(receiver.faults).toEqual([]);
  expect(running.agent.counters).toEqual({ records: 3, invalid: 1, strange: 0 });
  expect(running.said).toHaveLength(1);
});

test("an agent that ends anywhere loses nothing and sends nothing twice", async () => {
  const receiver = new Receiver();
  const store = await receiver.listen();
  onTestFinished(() => receiver.close());
  const folder = makeFolder();
  const log = join(folder, "records.jsonl");
  for (let round = 0; round < 5; round++) {
    const running = await startAgent(folder, log, store);
    for (let i = 0; i < 40; i++) appendFileSync(log, lineOf(round * 40 + i));
    await new Promise((resolve) => setTimeout(resolve, round * 60));
    await running.stop();
  }
  expect(receiver.records.size).toBe(200);
  expect(receiver.total).toBe(200);
});

test("a log that was read into the spool and is not acknowledged is not read again", async () => {
  const folder = makeFolder();
  const log = join(folder, "records.jsonl");
  writeFileSync(log, lineOf(1) + lineOf(2));
  const first = await startAgent(folder, log, null);
  await until(
    () => first.recorder.spool.durable,
    (durable) => durable === 2,
  );
  await first.stop();
  const second = await startAgent(folder, log, null);
  await second.stop();
  expect(second.agent.counters.records).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, "agent.json"), "utf8"))).toMatchObject({
    offset: lineOf(1).length + lineOf(2).length,
  });
});

test(
  "records of a real Envoy come to the store whole, and its log stays short",
  async (context) => {
    const binary = await findEnvoy();
    const found = requireOrSkip(context, binary);
    const receiver = new Receiver();
    const store = await receiver.listen();
    onTestFinished(() => receiver.close());
    let log = "";
    const image = Buffer.from(filterImage(compileBundle(POLICY)).image).toString("base64");
    const stage = await startEnvoy(found, {
      listeners: [[merlon({ policy: image })]],
      upstream: (_request, response) => response.end("application"),
      manager: (folder) => {
        log = join(folder, "records.jsonl");
        return { use_remote_address: true, access_log: [recordLog(log)] };
      },
    });
    onTestFinished(() => stage.stop());
    const folder = makeFolder();
    const running = await startAgent(folder, log, store, `http://127.0.0.1:${stage.admin}`);
    const port = stage.ports[0] ?? 0;
    const reply = await send(port, `/orders/17?id=${UNION}`, { headers: { host: "shop.example" } });
    await send(port, `/excepted?id=${UNION}`);
    await until(
      () => receiver.records.size,
      (size) => size === 2,
    );
    const [blocked, excepted] = [...receiver.records.values()];
    expect(blocked).toMatchObject({
      ref: reply.headers["x-merlon-ref"],
      node: { id: NODE_ID, kind: "wasm" },
      policy: { ref: "merlon.yaml", sha256: compileBundle(POLICY).hash },
      action: "blocked",
      app: { id: 7 },
      client: { ip: "127.0.0.1", list: "none" },
      request: { host: "shop.example", path: "/orders/17", path_template: "/orders/{id}" },
      response: { status: 403, seen: true },
    });
    expect(blocked?.hits[0]).toMatchObject({ type: "sqli", cwe: ["CWE-89"], point: ["query", "id"] });
    expect(blocked?.hits[0]?.reason).not.toBe("");
    const name = POLICY.exceptions?.[0]?.name;
    expect(excepted?.hits[0]).toMatchObject({ decision: "excepted", exception: name });
    // Enough for the log to be set aside a few times, at the cost of nothing that it held.
    let sent = 2;
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 10; i++, sent++) await send(port, `/r${round}x${i}?id=${UNION}`);
      await until(
        () => receiver.total,
        (total) => total === sent,
      );
    }
    // Envoy opens the new log with the next record.
    await until(
      async () => {
        await send(port, `/last${sent++}?id=${UNION}`);
        return existsSync(`${log}.read`);
      },
      (isAside) => !isAside,
    );
    await until(
      () => receiver.total,
      (total) => total === sent,
    );
    await running.stop();
    expect(receiver.faults).toEqual([]);
    expect(running.agent.follower.counters.rotated).toBeGreaterThan(0);
  },
  LONG_MS,
);
