/**
 * `merlon agent`: takes the records of Envoys with Merlon's filter from their access logs, and sends them on. One
 * beside each log that is a file, or one for all Envoys that send theirs by gRPC.
 */

import { join } from "node:path";
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import { type Family, metricsText, single } from "../core/metrics.ts";
import { METRICS_TYPE, plain, type StatusPages, startStatusServer } from "../core/status-server.ts";
import { Agent } from "../dataplane/agent/agent.ts";
import { LogReceiver, type ReceiverTls } from "../dataplane/agent/log-receiver.ts";
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
import { type ListenAddress, parseListen, urlOf } from "./protection/listen-address.ts";
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
  usage: "--log <file> | --listen-als <host:port> --data <folder> [flags]",
  least: 0,
  most: 0,
  options: {
    log: { type: "string", value: "<file>", about: "the file of Envoy's access log for records" },
    "listen-als": {
      type: "string",
      value: "<host:port>",
      about: "in place of --log: Envoys send their access log here, by gRPC",
    },
    "tls-cert": {
      type: "string",
      value: "<file>",
      about: "--listen-als: certificate chain (PEM); Envoy has to speak TLS",
    },
    "tls-key": { type: "string", value: "<file>", about: "--listen-als: key of the certificate (PEM)" },
    "tls-client-ca": {
      type: "string",
      value: "<file>",
      about: "--listen-als: authorities (PEM); only Envoys with a certificate of theirs are heard",
    },
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
    "read is kept below --data, so that a restart of either goes on where it was. With --agent <host:port> in its",
    "place, Envoy sends it to --listen-als; what comes while the agent is away is lost then. The policy is asked for",
    "names of exceptions and applications: give it as the filter has it. docs/envoy.md says more.",
  ].join("\n"),
  examples: [
    "merlon agent --log /var/log/merlon.jsonl --data /var/lib/merlon --admin http://127.0.0.1:9901",
    "merlon agent --log merlon.jsonl --data data --records-url https://store.example --records-token-file token",
    "merlon agent --listen-als 0.0.0.0:9003 --data data --tls-cert tls.crt --tls-key tls.key --tls-client-ca ca.crt",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const origin = originOf(input);
  const kept = keepingOf(input);
  const { folder } = kept;
  if (folder === undefined) {
    throw usage("--data is missing", "records are kept there until the store has them", "write --data <folder>");
  }
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  const rotation = rotationOf(input, origin, say);
  const { source } = servingOf(input, "agent");
  const engine = Engine.load();
  const keeper = await PolicyKeeper.open(engine, source, say);
  const host = { kind: "wasm", engine, say } as const;
  const policy = policyFacts(policyRefOf(source), () => keeper.ready);
  if (tellsTokenInClear(kept)) say("the token for records goes over the network unencrypted; write an https address");
  const recorder = await orClose(openRecorder(kept, host, policy), () => keeper.close());
  if (recorder === null) throw new MerlonError("MERLON_RECORDS", "no records are kept — --data is missing; write it");
  const shared = { recorder, node: nodeOf(kept, host), policy, signatures: engine.signatures, say };
  const starting =
    "log" in origin
      ? Agent.start({ ...shared, log: origin.log, positionFile: join(folder, POSITION_FILE), rotation })
      : LogReceiver.start({ ...shared, ...origin });
  const agent = await orClose<Agent | LogReceiver>(
    starting,
    () => recorder.close(0),
    () => keeper.close(),
  );
  const lines = "log" in origin ? `log        ${showWord(origin.log)}\n` : listeningOf(agent, origin);
  await serveUntilEnd({ agent, recorder, rotation, keeper, engine, kept }, lines, io, say);
  return 0;
}

/** Where records come from. */
type Origin = { readonly log: string } | { readonly listen: ListenAddress; readonly tls: ReceiverTls | undefined };

function originOf(input: Input): Origin {
  const [log, listen] = [input.text("log"), input.text("listen-als")];
  const fix = "write --log <file>, or --listen-als <host:port>";
  if (log !== undefined && listen !== undefined) throw usage("--log and --listen-als are given", "one is read", fix);
  if (listen !== undefined) return { listen: parseListen(listen, "listen-als"), tls: tlsOf(input) };
  if (log === undefined) throw usage("--log is missing", "the records are read from it", fix);
  const flag = ["tls-cert", "tls-key", "tls-client-ca"].find((name) => input.flag(name));
  if (flag !== undefined) throw usage(`--${flag} is for --listen-als`, "a file has no TLS", "leave it out");
  return { log };
}

function tlsOf(input: Input): ReceiverTls | undefined {
  const [certFile, keyFile] = [input.text("tls-cert"), input.text("tls-key")];
  const clientCaFile = input.text("tls-client-ca");
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, clientCaFile };
  if (certFile === undefined && keyFile === undefined && clientCaFile === undefined) return undefined;
  const missing = certFile === undefined ? "tls-cert" : "tls-key";
  throw usage(`--${missing} is missing`, "a certificate and its key belong together", `write --${missing} <file>`);
}

function rotationOf(input: Input, origin: Origin, say: (line: string) => void): LogRotation | undefined {
  const admin = adminOf(input);
  const bytesMax = input.integer("log-max", 1, LOG_MEBI_MAX, LOG_MEBI) * 1024 * 1024;
  if (admin === undefined) return undefined;
  if ("log" in origin) return new LogRotation({ log: origin.log, bytesMax, admin, say });
  throw usage("--admin is for --log", "there is no log that could be set aside", "leave it out");
}

function listeningOf(agent: Agent | LogReceiver, { listen, tls }: Exclude<Origin, { log: string }>): string {
  const port = agent instanceof LogReceiver ? agent.port : listen.port;
  const whom =
    tls === undefined
      ? "anyone who can connect, unencrypted"
      : tls.clientCaFile === undefined
        ? "anyone who can connect"
        : "with a certificate only";
  return `listening  ${urlOf(tls === undefined ? "grpc" : "grpcs", { host: listen.host, port })}\nclients    ${whom}\n`;
}

interface Parts {
  readonly agent: Agent | LogReceiver;
  readonly recorder: Recorder;
  readonly rotation: LogRotation | undefined;
  readonly keeper: PolicyKeeper;
  readonly engine: Engine;
  readonly kept: Keeping;
}

async function serveUntilEnd(parts: Parts, from: string, io: Io, say: (line: string) => void): Promise<void> {
  const { agent, recorder, keeper, engine, kept } = parts;
  const closers = [() => agent.close(), () => recorder.close(0), () => keeper.close()];
  const server =
    kept.metrics === undefined ? null : await orClose(startStatusServer(kept.metrics, pagesOf(parts)), ...closers);
  const ended = untilSignal(() => engine.verify(), keeper);
  const to = kept.sink === undefined ? "" : `, sent to ${new URL(kept.sink.url).host}`;
  const lines = [
    from,
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
  const follower = agent instanceof Agent ? agent.follower : undefined;
  const results = { record: records, invalid, too_long: follower?.counters.tooLong ?? 0 };
  const samples = Object.entries(results).map(([result, value]) => ({ labels: { result }, value }));
  return [
    { ...single("waf_agent_lines_total", "counter", "Lines of the filter's log, by what they were.", 0), samples },
    ...(follower === undefined ? [] : await fileFamilies(follower, rotation)),
    single("waf_agent_other_policy_total", "counter", "Records of a policy that the agent has not.", strange),
    ...recordFamilies(recorder),
  ];
}

/** What is counted where the log is a file. */
async function fileFamilies(follower: Agent["follower"], rotation: LogRotation | undefined): Promise<Family[]> {
  const { truncated } = follower.counters;
  const rotated = rotation?.counters.rotated ?? 0;
  return [
    single("waf_agent_log_unread_bytes", "gauge", "Bytes of the log that are not read yet.", await follower.lag()),
    single("waf_agent_log_truncated_total", "counter", "Times that the log was cut by somebody else.", truncated),
    single("waf_agent_log_rotated_total", "counter", "Logs that were read and deleted.", rotated),
  ];
}
