/**
 * `merlon agent`: stands beside an Envoy with Merlon's filter, takes the records from its access log, and sends them
 * on. One for each Envoy, or one for each log that several of a machine write to.
 */

import { join } from "node:path";
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { type Family, metricsText, single } from "../core/metrics.ts";
import { METRICS_TYPE, plain, type StatusPages, startStatusServer } from "../core/status-server.ts";
import { Agent } from "../dataplane/agent/agent.ts";
import { LogRotation } from "../dataplane/agent/log-rotation.ts";
import { policyFacts } from "../records/policy-facts.ts";
import type { Recorder } from "../records/recorder.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import {
  KEEPING_OPTIONS,
  type Keeping,
  keepingOf,
  nodeOf,
  openRecorder,
  tellsTokenInClear,
} from "./protection/keeping.ts";
import { urlOf } from "./protection/listen-address.ts";
import { recordFamilies } from "./protection/node-metrics.ts";
import { PolicyKeeper } from "./protection/policy-keeper.ts";
import { drain, orClose, untilSignal } from "./protection/running.ts";
import { policyRefOf, SOURCE_OPTIONS, servingOf } from "./protection/serving.ts";
import { count, showWord } from "./text.ts";

const POSITION_FILE = "agent.json";
const DELIVERY_GRACE_MS = 5000;
const LOG_MEBI = 64;
const LOG_MEBI_MAX = 65_536;
const { candidate: _candidate, geo: _geo, ...POLICY_OPTIONS } = SOURCE_OPTIONS;

/** The command. */
export const agentCommand: Command = {
  name: "agent",
  summary: "take the records of Envoy's filter and send them on",
  usage: "--log <file> --data <folder> [flags]",
  least: 0,
  most: 0,
  options: {
    log: { type: "string", value: "<file>", about: "the file of Envoy's access log for records" },
    ...KEEPING_OPTIONS,
    metrics: { type: "string", value: "<host:port>", about: "serve /metrics, /livez and /readyz here" },
    ...POLICY_OPTIONS,
    admin: {
      type: "string",
      value: "<url>",
      about: "Envoy's admin interface: logs that were read are then set aside and deleted",
    },
    "log-max": {
      type: "string",
      value: "<MiB>",
      about: `with --admin: from which size on the log is set aside; ${LOG_MEBI} if not given`,
    },
  },
  details: [
    "The log is the one that merlon connector print envoy --method wasm --records <file> makes Envoy write. What was",
    "read is kept below --data, so that a restart of either goes on where it was. The policy is asked for names of",
    "exceptions and applications: give it as the filter has it. docs/envoy.md says more.",
  ].join("\n"),
  examples: [
    "merlon agent --log /var/log/merlon.jsonl --data /var/lib/merlon --admin http://127.0.0.1:9901",
    "merlon agent --log merlon.jsonl --data data --records-url https://store.example --records-token-file token",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const log = input.text("log");
  if (log === undefined) throw usage("--log is missing", "the records are read from it", "write --log <file>");
  const kept = keepingOf(input);
  const { folder } = kept;
  if (folder === undefined) {
    throw usage("--data is missing", "records are kept there until the store has them", "write --data <folder>");
  }
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  const admin = adminOf(input);
  const bytesMax = input.integer("log-max", 1, LOG_MEBI_MAX, LOG_MEBI) * 1024 * 1024;
  const rotation = admin === undefined ? undefined : new LogRotation({ log, bytesMax, admin, say });
  const { source } = servingOf(input, "agent");
  const engine = Engine.load();
  const keeper = await PolicyKeeper.open(engine, source, say);
  const host = { kind: "wasm", engine, say } as const;
  const policy = policyFacts(policyRefOf(source), () => keeper.ready);
  if (tellsTokenInClear(kept)) say("the token for records goes over the network unencrypted; write an https address");
  const recorder = await orClose(openRecorder(kept, host, policy), () => keeper.close());
  if (recorder === null) throw new MerlonError("MERLON_RECORDS", "no records are kept — --data is missing; write it");
  const starting = Agent.start({
    log,
    positionFile: join(folder, POSITION_FILE),
    recorder,
    node: nodeOf(kept, host),
    policy,
    signatures: engine.signatures,
    rotation,
    say,
  });
  const agent = await orClose(
    starting,
    () => recorder.close(0),
    () => keeper.close(),
  );
  await serveUntilEnd({ agent, recorder, rotation, keeper, engine, kept }, log, io, say);
  return 0;
}

interface Parts {
  readonly agent: Agent;
  readonly recorder: Recorder;
  readonly rotation: LogRotation | undefined;
  readonly keeper: PolicyKeeper;
  readonly engine: Engine;
  readonly kept: Keeping;
}

async function serveUntilEnd(parts: Parts, log: string, io: Io, say: (line: string) => void): Promise<void> {
  const { agent, recorder, keeper, engine, kept } = parts;
  const closers = [() => agent.close(), () => recorder.close(0), () => keeper.close()];
  const server =
    kept.metrics === undefined ? null : await orClose(startStatusServer(kept.metrics, pagesOf(parts)), ...closers);
  const ended = untilSignal(() => engine.verify(), keeper);
  const to = kept.sink === undefined ? "" : `, sent to ${new URL(kept.sink.url).host}`;
  const lines = [
    `log        ${showWord(log)}\n`,
    `records    ${showWord(kept.folder ?? "")}${to}\n`,
    server === null ? "" : `metrics    ${urlOf("http", { host: server.address, port: server.port })}/metrics\n`,
    `names      ${keeper.origin}\n`,
  ];
  io.stdout.write(lines.join(""));
  await ended;
  await drain(async () => {
    await agent.close();
    await recorder.close(DELIVERY_GRACE_MS);
    await keeper.close();
    await server?.close();
  });
  const { records, invalid } = agent.counters;
  say(`${count(records)} records${invalid === 0 ? "" : `, ${count(invalid)} lines that were none`}`);
  if (kept.sink !== undefined && recorder.spool.hasRecords) {
    say("some records are not sent yet; they are on disk and go out after the next start");
  }
}

function adminOf(input: Input): string | undefined {
  const text = input.text("admin");
  if (text === undefined) {
    if (!input.flag("log-max")) return undefined;
    throw usage("--log-max has no --admin", "Envoy has to be told of its new log", "write --admin <url>");
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.protocol === "http:" && url.pathname === "/" && url.username === "") return url.origin;
  throw usage(`--admin is "${showWord(text)}"`, "it takes http, a host and a port", "write http://127.0.0.1:9901");
}

function pagesOf(parts: Parts): StatusPages {
  return {
    "/metrics": async () => ({ status: 200, type: METRICS_TYPE, body: metricsText(await familiesOf(parts)) }),
    "/livez": () => plain(200, "ok"),
    "/readyz": () => (parts.agent.isWell ? plain(200, "ok") : plain(503, "the log or the disk fails")),
  };
}

async function familiesOf({ agent, recorder, rotation }: Parts): Promise<Family[]> {
  const { records, invalid, strange } = agent.counters;
  const { tooLong, truncated } = agent.follower.counters;
  const results = { record: records, invalid, too_long: tooLong };
  const samples = Object.entries(results).map(([result, value]) => ({ labels: { result }, value }));
  const lag = await agent.follower.lag();
  return [
    { ...single("waf_agent_lines_total", "counter", "Lines of the filter's log, by what they were.", 0), samples },
    single("waf_agent_log_unread_bytes", "gauge", "Bytes of the log that are not read yet.", lag),
    single("waf_agent_log_truncated_total", "counter", "Times that the log was cut by somebody else.", truncated),
    single(
      "waf_agent_log_rotated_total",
      "counter",
      "Logs that were read and deleted.",
      rotation?.counters.rotated ?? 0,
    ),
    single("waf_agent_other_policy_total", "counter", "Records of a policy that the agent has not.", strange),
    ...recordFamilies(recorder),
  ];
}
