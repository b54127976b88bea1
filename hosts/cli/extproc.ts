/**
 * `merlon extproc`: the server that Envoy asks by its ext_proc filter, with a policy that follows its file, in as many
 * processes as the machine has use for.
 */
import { Engine } from "../core/engine.ts";
import { MODES } from "../core/verdict.ts";
import type { ExtProc, ExtProcNotice, ExtProcOptions } from "../dataplane/extproc/extproc.ts";
import { policyDefaults } from "../policy/schema.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { type ListenAddress, parseListen, urlOf } from "./protection/listen-address.ts";
import { PolicyKeeper, type PolicySource } from "./protection/policy-keeper.ts";
import { drain, untilSignal } from "./protection/running.ts";
import { VerdictLines } from "./protection/verdict-lines.ts";
import { defaultWorkers, isFirst, isWorker, keepWorkers, leave, WORKERS_MAX } from "./protection/workers.ts";
import { count } from "./text.ts";

const LISTEN = "127.0.0.1:9002";
const GRACE_SECONDS = 10;
const GRACE_SECONDS_MAX = 3600;

/** The command. */
export const extprocCommand: Command = {
  name: "extproc",
  summary: "answer the ext_proc filter of Envoy",
  usage: "[flags]",
  least: 0,
  most: 0,
  options: {
    listen: { type: "string", value: "<host:port>", about: `where to listen; ${LISTEN} if not given` },
    mode: {
      type: "string",
      value: "<mode>",
      about: `${MODES.join(", ")}; goes before the policy's, a route's before both`,
    },
    policy: { type: "string", value: "<file>", about: "policy file; a new content counts as soon as it is there" },
    "tls-cert": { type: "string", value: "<file>", about: "certificate chain (PEM); Envoy then has to speak TLS" },
    "tls-key": { type: "string", value: "<file>", about: "key of the certificate (PEM)" },
    "tls-client-ca": {
      type: "string",
      value: "<file>",
      about: "authorities (PEM); only clients with a certificate of theirs are served",
    },
    workers: {
      type: "string",
      value: "<number>",
      about: "processes that share the port; one for each core but one if not given",
    },
    grace: {
      type: "string",
      value: "<seconds>",
      about: `how long requests may take after SIGTERM; ${GRACE_SECONDS} if not given`,
    },
    quiet: { type: "boolean", short: "q", about: "print no line for each attack" },
  },
  details: [
    "How Envoy is told: merlon connector print envoy --method ext_proc. Every body mode is served, and gRPC health",
    "checks on the same port. Without a policy, attacks are reported and nothing is blocked. SIGINT or SIGTERM lets",
    "requests in progress finish; a second one ends at once. SIGHUP reads the policy again.",
  ].join("\n"),
  examples: [
    "merlon extproc --mode block",
    "merlon extproc --listen 0.0.0.0:9002 --tls-cert tls.crt --tls-key tls.key --tls-client-ca ca.crt",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const listen = parseListen(input.text("listen") ?? LISTEN);
  const graceMs = input.integer("grace", 0, GRACE_SECONDS_MAX, GRACE_SECONDS) * 1000;
  const workers = input.integer("workers", 1, WORKERS_MAX, defaultWorkers());
  const source = { path: input.text("policy"), mode: input.choice("mode", MODES) };
  const tls = tlsOf(input);
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  if (workers > 1 && !isWorker()) {
    if (listen.port === 0) throw usage("--listen has port 0", "several workers need one port", "choose a port");
    return await keepWorkers(workers, say);
  }
  try {
    return await serve({ listen, graceMs, source, tls, quiet: input.flag("quiet") }, io, say);
  } finally {
    leave();
  }
}

interface Serving {
  readonly listen: ListenAddress;
  readonly graceMs: number;
  readonly source: PolicySource;
  readonly tls: ExtProcOptions["tls"];
  readonly quiet: boolean;
}

/** Serves in this process until a signal. */
async function serve(
  { listen, graceMs, source, tls, quiet }: Serving,
  io: Io,
  say: (line: string) => void,
): Promise<number> {
  const { RouteModes } = await import("../dataplane/extproc/route-modes.ts");
  const { startExtProc } = await import("../dataplane/extproc/extproc.ts");
  const opened: { keeper?: PolicyKeeper } = {};
  const engine = Engine.load({
    failure: () => opened.keeper?.host.failure ?? policyDefaults.failure,
    onTrap: () => say("the core failed on a request and was started anew; please report it"),
  });
  const keeper = await PolicyKeeper.open(engine, source, say, (policy) => modes.use(policy));
  const modes = new RouteModes(engine, keeper.policy);
  opened.keeper = keeper;
  const lines = new VerdictLines((line) => void io.stdout.write(`${line}\n`));
  const server = await startExtProc({
    listen,
    ...(tls === undefined ? {} : { tls }),
    policy: () => keeper.host,
    inspectorFor: (mode) => modes.inspectorFor(mode),
    ...(quiet ? {} : { onVerdict: (event) => lines.add(event) }),
    onNotice: (notice: ExtProcNotice) => say(`${notice.event.replaceAll("_", " ")}: ${notice.detail}`),
  }).catch((error: unknown) => {
    keeper.close();
    throw error;
  });
  const ended = untilSignal(() => modes.verify(), keeper);
  if (isFirst()) greet(io, server, tls, keeper, source.path);
  await ended;
  keeper.close();
  lines.flush();
  await drain(() => {
    if (server.counters.activeStreams > 0) say("finishing the requests in progress …");
    return server.close(graceMs);
  });
  const { requests, blocked, partiallyBlocked } = server.counters;
  say(`${count(requests)} requests, ${count(blocked + partiallyBlocked)} blocked`);
  return 0;
}

function tlsOf(input: Input): ExtProcOptions["tls"] {
  const certFile = input.text("tls-cert");
  const keyFile = input.text("tls-key");
  const clientCaFile = input.text("tls-client-ca");
  if (certFile !== undefined && keyFile !== undefined) {
    return { certFile, keyFile, ...(clientCaFile === undefined ? {} : { clientCaFile }) };
  }
  if (certFile === undefined && keyFile === undefined && clientCaFile === undefined) return undefined;
  throw usage("TLS is set in part", "it needs a certificate and its key", "write --tls-cert <file> --tls-key <file>");
}

function greet(io: Io, server: ExtProc, tls: ExtProcOptions["tls"], keeper: PolicyKeeper, path?: string): void {
  const scheme = tls === undefined ? "grpc" : "grpcs";
  const origin = path === undefined ? "built-in policy" : `policy ${path}`;
  const clients = tls === undefined ? "anyone who can connect" : (tls.clientCaFile ?? "anyone who can connect");
  io.stdout.write(
    [
      `listening  ${urlOf(scheme, { host: server.address, port: server.port })}\n`,
      `clients    ${clients}\n`,
      `mode       ${keeper.policy.mode} (${origin})\n`,
    ].join(""),
  );
}
