/**
 * `merlon protect <upstream>`: the sidecar proxy in front of one application, with a policy that follows its file. This
 * is also what a container of the sidecar runs.
 */
import { MODES } from "../core/verdict.ts";
import type { Sidecar, SidecarNotice, SidecarOptions } from "../dataplane/sidecar/sidecar.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { CONSOLE_OPTIONS, consoleAddressOf, EmbeddedConsole } from "./protection/embedded-console.ts";
import { KEEPING_OPTIONS, keepingOf, NodeKeeping } from "./protection/keeping.ts";
import { parseListen, urlOf } from "./protection/listen-address.ts";
import type { PolicyKeeper } from "./protection/policy-keeper.ts";
import { orClose } from "./protection/running.ts";
import {
  certificateOf,
  openCore,
  policyRefOf,
  SERVING_OPTIONS,
  SOURCE_OPTIONS,
  serveUntilSignal,
  servingOf,
} from "./protection/serving.ts";
import { count } from "./text.ts";

const LISTEN = "127.0.0.1:8080";

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
    ...SOURCE_OPTIONS,
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
    ...KEEPING_OPTIONS,
    ...CONSOLE_OPTIONS,
    grace: SERVING_OPTIONS.grace,
    quiet: SERVING_OPTIONS.quiet,
  },
  details: [
    "HTTP/1.1, HTTP/2, gRPC and WebSocket pass through. Without a policy, attacks are reported and nothing is blocked.",
    "SIGINT or SIGTERM lets requests in progress finish; a second one ends at once. SIGHUP reads the policy again.",
  ].join("\n"),
  examples: [
    "merlon protect http://127.0.0.1:3000",
    "merlon protect http://127.0.0.1:3000 --mode block --listen 0.0.0.0:8080",
    "merlon protect h2c://127.0.0.1:50051 --policy merlon.yaml",
    "merlon protect http://127.0.0.1:3000 --console 127.0.0.1:9090",
    "merlon protect http://127.0.0.1:3000 --data /var/lib/merlon --metrics 127.0.0.1:9100",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const upstream = upstreamOf(input);
  const listen = parseListen(input.text("listen") ?? LISTEN);
  const serving = servingOf(input, "sidecar");
  const say = (line: string): void => void io.stderr.write(`merlon: ${line}\n`);
  const tls = tlsOf(input);
  const kept = keepingOf(input);
  const { source } = serving;
  const consoleAddress = consoleAddressOf(input, kept, source);
  const { startSidecar } = await import("../dataplane/sidecar/sidecar.ts");
  const opened = await openCore(serving, io, say);
  const { engine, keeper } = opened;
  const embedded =
    consoleAddress === undefined
      ? null
      : await orClose(EmbeddedConsole.open(consoleAddress, kept, { engine, keeper, source, say }), () =>
          keeper.close(),
        );
  const policyRef = policyRefOf(source);
  const stores = { store: embedded?.sink, inventory: embedded?.inventory };
  const host = { kind: "sidecar", engine, keeper, policyRef, say, ...stores } as const;
  const endConsole = async (): Promise<void> => await embedded?.close();
  const opening = NodeKeeping.open(embedded?.keeping ?? kept, host);
  const keeping = await orClose(opening, endConsole, () => keeper.close());
  const closers = [() => keeping.close(), endConsole, () => keeper.close()];
  const proxied = input.texts("proxy-protocol");
  const starting = startSidecar({
    upstream,
    listen,
    ...(tls === undefined ? {} : { tls }),
    upstreamTls: upstreamTlsOf(input),
    ...(proxied.length === 0 ? {} : { proxyProtocol: { trustedPeers: [...proxied] } }),
    inspector: engine,
    policy: () => keeper.host,
    sample: (head) => keeping.sample(head),
    onVerdict: (event) => {
      opened.onVerdict(event);
      keeping.add(event);
      embedded?.add(event);
    },
    onNotice: (notice: SidecarNotice) => say(`${notice.event.replaceAll("_", " ")}: ${notice.detail}`),
  });
  const sidecar = await orClose(starting, ...closers);
  const answering = keeping.serve(sidecar.counters).then(() => embedded?.serve(sidecar.counters));
  await orClose(answering, () => sidecar.close(0), ...closers);
  keeper.counters = () => {
    const { requests, inspected, skipped, blocked } = sidecar.counters;
    return { requests, inspected, skipped, blocked };
  };
  const served = {
    close: (ms: number) => {
      keeping.drain();
      return sidecar.close(ms);
    },
    active: () => sidecar.counters.activeRequests,
    verify: () => engine.verify(),
    greet: () => {
      greet(io, sidecar, upstream, tls !== undefined, keeper);
      io.stdout.write(keeping.greeting);
      io.stdout.write(embedded?.greeting ?? "");
    },
  };
  await serveUntilSignal(opened, served, serving.graceMs, say);
  await keeping.close();
  await endConsole();
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
  const required = input.flag("tls-required");
  const files = certificateOf(input, required);
  return files === undefined ? undefined : { ...files, required };
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

function greet(io: Io, sidecar: Sidecar, upstream: string, tls: boolean, keeper: PolicyKeeper): void {
  const listening = urlOf(tls ? "https" : "http", { host: sidecar.address, port: sidecar.port });
  io.stdout.write(`listening  ${listening}\nupstream   ${upstream}\nmode       ${keeper.mode} (${keeper.origin})\n`);
}
