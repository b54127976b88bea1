/**
 * `merlon extproc`: the server that Envoy asks by its ext_proc filter, with a policy that follows its file, in as many
 * processes as the machine has use for.
 */
import { startStatusServer } from "../core/status-server.ts";
import { MODES } from "../core/verdict.ts";
import type { ExtProc, ExtProcNotice, ExtProcOptions } from "../dataplane/extproc/extproc.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { KEEPING_OPTIONS, type Keeping, keepingOf, NodeKeeping } from "./protection/keeping.ts";
import { type ListenAddress, parseListen, urlOf } from "./protection/listen-address.ts";
import type { PolicyKeeper } from "./protection/policy-keeper.ts";
import { orClose } from "./protection/running.ts";
import {
  certificateOf,
  openCore,
  policyRefOf,
  SERVING_OPTIONS,
  type Serving,
  SOURCE_OPTIONS,
  serveUntilSignal,
  servingOf,
} from "./protection/serving.ts";
import { statusPages } from "./protection/status-pages.ts";
import { askWorkers, workersReady } from "./protection/worker-metrics.ts";
import { defaultWorkers, isFirst, isWorker, keepWorkers, leave, WORKERS_MAX } from "./protection/workers.ts";
import { count } from "./text.ts";

const LISTEN = "127.0.0.1:9002";

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
      about: `${MODES.join(", ")}; before the policy's, a route's before both`,
    },
    ...SOURCE_OPTIONS,
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
    ...KEEPING_OPTIONS,
    grace: SERVING_OPTIONS.grace,
    quiet: SERVING_OPTIONS.quiet,
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
  const workers = input.integer("workers", 1, WORKERS_MAX, defaultWorkers());
  const tls = tlsOf(input);
  const kept = keepingOf(input);
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  if (workers > 1 && !isWorker()) {
    if (listen.port === 0) throw usage("--listen has port 0", "several workers need one port", "choose a port");
    return await keepCounted(workers, kept, io, say);
  }
  try {
    return await serve(listen, tls, servingOf(input, "extproc"), kept, io, say);
  } finally {
    leave();
  }
}

/** Keeps workers, and answers for the numbers of all of them. */
async function keepCounted(
  workers: number,
  { metrics }: Keeping,
  io: Io,
  say: (line: string) => void,
): Promise<number> {
  if (metrics === undefined) return await keepWorkers(workers, say);
  const server = await startStatusServer(metrics, statusPages(askWorkers, workersReady));
  io.stdout.write(`metrics    ${urlOf("http", { host: server.address, port: server.port })}/metrics\n`);
  const code = await keepWorkers(workers, say);
  await server.close();
  return code;
}

/** Serves in this process until a signal. */
async function serve(
  listen: ListenAddress,
  tls: ExtProcOptions["tls"],
  serving: Serving,
  kept: Keeping,
  io: Io,
  say: (line: string) => void,
): Promise<number> {
  const { RouteModes } = await import("../dataplane/extproc/route-modes.ts");
  const { startExtProc } = await import("../dataplane/extproc/extproc.ts");
  const routes: { modes?: InstanceType<typeof RouteModes> } = {};
  const opened = await openCore(serving, io, say, {
    used: (ready) => routes.modes?.use(ready),
    shown: (candidate) => routes.modes?.show(candidate),
  });
  const { engine, keeper } = opened;
  const modes = new RouteModes(engine, keeper.ready);
  routes.modes = modes;
  modes.show(keeper.candidate);
  const host = { kind: "ext_proc", engine, keeper, policyRef: policyRefOf(serving.source), say } as const;
  const keeping = await orClose(NodeKeeping.open(kept, host), () => keeper.close());
  const closers = [() => keeping.close(), () => keeper.close()];
  const starting = startExtProc({
    listen,
    ...(tls === undefined ? {} : { tls }),
    policy: () => keeper.host,
    inspectorFor: (mode) => modes.inspectorFor(mode),
    sample: (head) => keeping.sample(head),
    onVerdict: (event) => {
      opened.onVerdict(event);
      keeping.add(event);
    },
    onNotice: (notice: ExtProcNotice) => say(`${notice.event.replaceAll("_", " ")}: ${notice.detail}`),
  });
  const server = await orClose(starting, ...closers);
  await orClose(keeping.serve(server.counters), () => server.close(0), ...closers);
  keeper.counters = () => {
    const { requests, inspected, skipped, blocked } = server.counters;
    return { requests, inspected, skipped, blocked };
  };
  const served = {
    close: (ms: number) => {
      keeping.drain();
      return server.close(ms);
    },
    active: () => server.counters.activeStreams,
    verify: () => modes.verify(),
    greet: () => {
      if (!isFirst()) return;
      greet(io, server, tls, keeper);
      io.stdout.write(keeping.greeting);
    },
  };
  await serveUntilSignal(opened, served, serving.graceMs, say);
  await keeping.close();
  const { requests, blocked, partiallyBlocked } = server.counters;
  say(`${count(requests)} requests, ${count(blocked + partiallyBlocked)} blocked`);
  return 0;
}

function tlsOf(input: Input): ExtProcOptions["tls"] {
  const clientCaFile = input.text("tls-client-ca");
  const files = certificateOf(input, clientCaFile !== undefined);
  return files === undefined || clientCaFile === undefined ? files : { ...files, clientCaFile };
}

function greet(io: Io, server: ExtProc, tls: ExtProcOptions["tls"], keeper: PolicyKeeper): void {
  const scheme = tls === undefined ? "grpc" : "grpcs";
  const clients = tls === undefined ? "anyone who can connect" : (tls.clientCaFile ?? "anyone who can connect");
  io.stdout.write(
    [
      `listening  ${urlOf(scheme, { host: server.address, port: server.port })}\n`,
      `clients    ${clients}\n`,
      `mode       ${keeper.mode} (${keeper.origin})\n`,
    ].join(""),
  );
}
