/**
 * `merlon protect <upstream>`: the sidecar proxy in front of one application, with a policy that follows its file. This
 * is also what a container of the sidecar runs.
 */
import { Engine } from "../core/engine.ts";
import { MODES } from "../core/verdict.ts";
import type { Sidecar, SidecarNotice, SidecarOptions } from "../dataplane/sidecar/sidecar.ts";
import { policyDefaults } from "../policy/schema.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { parseListen, urlOf } from "./protection/listen-address.ts";
import { PolicyKeeper } from "./protection/policy-keeper.ts";
import { drain, untilSignal } from "./protection/running.ts";
import { VerdictLines } from "./protection/verdict-lines.ts";
import { count } from "./text.ts";

const LISTEN = "127.0.0.1:8080";
const GRACE_SECONDS = 10;
const GRACE_SECONDS_MAX = 3600;

/** The command. */
export const protectCommand: Command = {
  name: "protect",
  summary: "put a protecting proxy in front of an application",
  usage: "<upstream> [flags]",
  least: 0,
  most: 1,
  options: {
    upstream: {
      type: "string",
      value: "<url>",
      about: "the application, if it is not the argument: http, https, h2c or h2",
    },
    listen: { type: "string", value: "<host:port>", about: `where to listen; ${LISTEN} if not given` },
    mode: { type: "string", value: "<mode>", about: `${MODES.join(", ")}; stands whatever the policy says` },
    policy: { type: "string", value: "<file>", about: "policy file; a new content counts as soon as it is there" },
    "tls-cert": { type: "string", value: "<file>", about: "certificate chain (PEM); the port then takes TLS too" },
    "tls-key": { type: "string", value: "<file>", about: "key of the certificate (PEM)" },
    "tls-required": { type: "boolean", about: "refuse clients that do not speak TLS" },
    "upstream-ca": {
      type: "string",
      value: "<file>",
      about: "authorities (PEM) that the upstream's certificate is verified by",
    },
    "upstream-name": {
      type: "string",
      value: "<name>",
      about: "name in the upstream's certificate, if it is not the host's",
    },
    "upstream-insecure": { type: "boolean", about: "accept any certificate of the upstream" },
    "proxy-protocol": {
      type: "string",
      multiple: true,
      value: "<network>",
      about: "peers that must send PROXY protocol, and are believed; may be given again",
    },
    grace: {
      type: "string",
      value: "<seconds>",
      about: `how long requests may take after SIGTERM; ${GRACE_SECONDS} if not given`,
    },
    quiet: { type: "boolean", short: "q", about: "print no line for each attack" },
  },
  details: [
    "HTTP/1.1, HTTP/2, gRPC and WebSocket pass through. Without a policy, attacks are reported and nothing is blocked.",
    "SIGINT or SIGTERM lets requests in progress finish; a second one ends at once. SIGHUP reads the policy again.",
  ].join("\n"),
  examples: [
    "merlon protect http://127.0.0.1:3000",
    "merlon protect http://127.0.0.1:3000 --mode block --listen 0.0.0.0:8080",
    "merlon protect h2c://127.0.0.1:50051 --policy merlon.yaml",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const upstream = upstreamOf(input);
  const listen = parseListen(input.text("listen") ?? LISTEN);
  const graceMs = input.integer("grace", 0, GRACE_SECONDS_MAX, GRACE_SECONDS) * 1000;
  const source = { path: input.text("policy"), mode: input.choice("mode", MODES) };
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  const tls = tlsOf(input);
  const { startSidecar } = await import("../dataplane/sidecar/sidecar.ts");
  const opened: { keeper?: PolicyKeeper } = {};
  const engine = Engine.load({
    failure: () => opened.keeper?.host.failure ?? policyDefaults.failure,
    onTrap: () => say("the core failed on a request and was started anew; please report it"),
  });
  const keeper = await PolicyKeeper.open(engine, source, say);
  opened.keeper = keeper;
  const lines = new VerdictLines((line) => void io.stdout.write(`${line}\n`));
  const proxied = input.texts("proxy-protocol");
  const sidecar = await startSidecar({
    upstream,
    listen,
    ...(tls === undefined ? {} : { tls }),
    upstreamTls: upstreamTlsOf(input),
    ...(proxied.length === 0 ? {} : { proxyProtocol: { trustedPeers: [...proxied] } }),
    inspector: engine,
    policy: () => keeper.host,
    ...(input.flag("quiet") ? {} : { onVerdict: (event) => lines.add(event) }),
    onNotice: (notice: SidecarNotice) => say(`${notice.event.replaceAll("_", " ")}: ${notice.detail}`),
  }).catch((error: unknown) => {
    keeper.close();
    throw error;
  });
  // Whoever reads where the proxy listens may end it in the same moment.
  const ended = untilSignal(() => engine.verify(), keeper);
  greet(io, sidecar, upstream, tls !== undefined, keeper, source.path);
  await ended;
  keeper.close();
  lines.flush();
  await drain(() => {
    if (sidecar.counters.activeRequests > 0) say("finishing the requests in progress …");
    return sidecar.close(graceMs);
  });
  const { requests, blocked } = sidecar.counters;
  say(`${count(requests)} requests, ${count(blocked)} blocked`);
  return 0;
}

function upstreamOf(input: Input): string {
  const [positional] = input.positionals;
  const flag = input.text("upstream");
  if (positional !== undefined && flag !== undefined) {
    throw usage("the upstream is given twice", "there is one application behind the proxy", "keep one of them");
  }
  const upstream = positional ?? flag;
  if (upstream !== undefined) return upstream;
  const why = "the proxy must know the application that it protects";
  throw usage("the upstream is missing", why, 'write it, as in "merlon protect http://127.0.0.1:3000"');
}

function tlsOf(input: Input): SidecarOptions["tls"] {
  const certFile = input.text("tls-cert");
  const keyFile = input.text("tls-key");
  const required = input.flag("tls-required");
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile, required };
  if (certFile === undefined && keyFile === undefined && !required) return undefined;
  throw usage("TLS is set in part", "it needs a certificate and its key", "write --tls-cert <file> --tls-key <file>");
}

function upstreamTlsOf(input: Input): NonNullable<SidecarOptions["upstreamTls"]> {
  const caFile = input.text("upstream-ca");
  const serverName = input.text("upstream-name");
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(serverName === undefined ? {} : { serverName }),
    insecure: input.flag("upstream-insecure"),
  };
}

function greet(io: Io, sidecar: Sidecar, upstream: string, tls: boolean, keeper: PolicyKeeper, path?: string): void {
  const listening = urlOf(tls ? "https" : "http", { host: sidecar.address, port: sidecar.port });
  const origin = path === undefined ? "built-in policy" : `policy ${path}`;
  io.stdout.write(`listening  ${listening}\nupstream   ${upstream}\nmode       ${keeper.policy.mode} (${origin})\n`);
}
