/**
 * A real Envoy for tests of the filter: any number of listeners, each with filters of its own, before one upstream that
 * the test writes; its admin interface, its log and its access log.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from "node:http";
import { createServer as createHttp2, type Http2Server } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { policyOf } from "../../../assembly/policy-image.ts";
import { type Component, ROOT } from "../../../tools/component.ts";
import { freePorts } from "../../../tools/free-port.ts";
import { envoyBinary } from "../../../tools/wheels.ts";

/** Installing Envoy, and starting one on a busy machine. */
export const LONG_MS = 300_000;
/** The released module. */
export const WASM: string = join(ROOT, "build/merlon.wasm");
const TYPES = "type.googleapis.com/envoy.extensions";
const LOG_BYTES_MAX = 1 << 20;

/** @returns a policy compiled and in base64, as configurations hold it */
export function imageText(...args: Parameters<typeof policyOf>): string {
  return Buffer.from(compilePolicy(policyOf(...args))).toString("base64");
}

/** Merlon as a filter. @param configuration what the plugin is told; a text goes as it is */
export function merlon(configuration: object | string | undefined, wasm: string = WASM, name = "merlon"): object {
  const value = typeof configuration === "object" ? JSON.stringify(configuration) : configuration;
  return {
    name,
    typed_config: {
      "@type": `${TYPES}.filters.http.wasm.v3.Wasm`,
      config: {
        name,
        root_id: name,
        failure_policy: "FAIL_RELOAD",
        allow_on_headers_stop_iteration: true,
        vm_config: { vm_id: "merlon", runtime: "envoy.wasm.runtime.v8", code: { local: { filename: wasm } } },
        ...(value === undefined
          ? {}
          : { configuration: { "@type": "type.googleapis.com/google.protobuf.StringValue", value } }),
      },
    },
  };
}

/** The same as Istio and Envoy Gateway make it: Envoy may not stop at a head. */
export function merlonWithoutHold(configuration: object): object {
  const filter = JSON.stringify(merlon({ ...configuration, holdHead: false }));
  return JSON.parse(filter.replace('"allow_on_headers_stop_iteration":true,', ""));
}

/** A module with one function, which traps: a callback by its name and type. */
const TRAP = Buffer.concat([
  Buffer.from("0061736d0100000001070160027f7f017f03020100071d0119", "hex"),
  Buffer.from("proxy_on_request_trailers"),
  Buffer.from("00000a05010300000b", "hex"),
]);

/** The released module with that callback in place of its own: requests with trailers end their instance. */
export async function trappingModule(folder: string): Promise<string> {
  const [trap, merged] = [join(folder, "trap.wasm"), join(folder, "trapping.wasm")];
  writeFileSync(trap, TRAP);
  const features = ["--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext"];
  const options = ["--skip-export-conflicts", "--enable-mutable-globals", ...features, "-o", merged];
  const tool = join(ROOT, "node_modules/binaryen/bin/wasm-merge");
  await promisify(execFile)(process.execPath, [tool, trap, "trap", WASM, "core", ...options]);
  return merged;
}

/** What a test's Envoy is like. */
export interface Plan {
  /** Filters of each listener, the first one's first. */
  readonly listeners: readonly (readonly object[])[];
  readonly upstream: RequestListener | Http2Server;
  /** Worker threads; one if not given. */
  readonly workers?: number;
  /** Makes the module that runs in place of the released one, in the stage's folder. */
  readonly module?: (folder: string) => Promise<string>;
  /** What happens to requests to go on as something else. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Beside the application's. */
  readonly clusters?: readonly object[];
  /** More of each listener. */
  readonly listener?: object;
  /** More of each HTTP connection manager; the access log's path is known then. */
  readonly manager?: (folder: string) => object;
}

/** An Envoy that runs; `stop` is owed. */
export interface Stage {
  readonly ports: readonly number[];
  readonly admin: number;
  readonly pid: number;
  /** Folder that is its own, for files that it reads or writes. */
  readonly folder: string;
  /** What it has logged so far. */
  log(): string;
  /** Its counters and gauges whose names contain this, by name. */
  stats(part: string): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** The binary, installed if need be. */
export async function findEnvoy(): Promise<Component<string>> {
  return await envoyBinary();
}

/** Starts an Envoy. @throws with its last words, where it does not start */
export async function startEnvoy(binary: string, plan: Plan): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "merlon-envoy-"));
  const upstream = typeof plan.upstream === "function" ? createServer(plan.upstream) : plan.upstream;
  const sockets = new Set<Socket>();
  if (plan.onUpgrade !== undefined) upstream.on("upgrade", plan.onUpgrade);
  upstream.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const [admin = 0, ...ports] = await freePorts(plan.listeners.length + 1);
  const file = join(folder, "envoy.json");
  const configuration = JSON.stringify(configurationOf(plan, folder, admin, ports, upstream));
  const module = plan.module === undefined ? WASM : await plan.module(folder);
  writeFileSync(file, configuration.replaceAll(JSON.stringify(WASM), JSON.stringify(module)));
  const args = [
    "-c",
    file,
    "--disable-hot-restart",
    "--concurrency",
    String(plan.workers ?? 1),
    "-l",
    "warning",
    "--file-flush-interval-msec",
    "100",
  ];
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString("latin1")).slice(-LOG_BYTES_MAX);
  });
  const stop = async (): Promise<void> => {
    await end(child);
    upstream.close();
    for (const socket of sockets) socket.destroy();
    await rm(folder, { recursive: true, force: true });
  };
  const isReady = await untilReady(child, admin);
  if (!isReady) {
    await stop();
    throw new Error(`Envoy did not start: ${words}`);
  }
  return { ports, admin, pid: child.pid ?? 0, folder, log: () => words, stats: (part) => readStats(admin, part), stop };
}

function configurationOf(plan: Plan, folder: string, admin: number, ports: number[], upstream: Server | Http2Server) {
  const isHttp2 = typeof plan.upstream !== "function";
  const protocol = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: isHttp2
        ? { http2_protocol_options: {} }
        : { http_protocol_options: { enable_trailers: true } },
    },
  };
  return {
    node: { id: "test", cluster: "test" },
    admin: { address: loopback(admin) },
    static_resources: {
      listeners: plan.listeners.map((filters, index) => ({
        ...listenerOf(filters, ports[index] ?? 0, plan.manager?.(folder)),
        ...plan.listener,
      })),
      clusters: [
        {
          name: "upstream",
          type: "STATIC",
          connect_timeout: "5s",
          load_assignment: {
            cluster_name: "upstream",
            endpoints: [
              { lb_endpoints: [{ endpoint: { address: loopback((upstream.address() as AddressInfo).port) } }] },
            ],
          },
          typed_extension_protocol_options: protocol,
        },
        ...(plan.clusters ?? []),
      ],
    },
  };
}

function listenerOf(filters: readonly object[], port: number, more: object = {}): object {
  const manager = {
    "@type": `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "test",
    upgrade_configs: [{ upgrade_type: "websocket" }],
    http_protocol_options: { enable_trailers: true },
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "upstream" } }] },
      ],
    },
    http_filters: [
      ...filters,
      { name: "envoy.filters.http.router", typed_config: { "@type": `${TYPES}.filters.http.router.v3.Router` } },
    ],
    ...more,
  };
  return {
    name: `listener-${port}`,
    address: loopback(port),
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
}

function loopback(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

async function untilReady(child: ChildProcess, admin: number): Promise<boolean> {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    const text = await fetch(`http://127.0.0.1:${admin}/ready`).then(
      (response) => response.text(),
      () => "",
    );
    if (text.startsWith("LIVE")) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function readStats(admin: number, part: string): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${admin}/stats?filter=${encodeURIComponent(part)}`);
  const lines = (await response.text()).matchAll(/^(\S+): (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value]) => [name, Number(value)]));
}

/** Waits for a condition. @throws after half a minute, with what was there instead */
export async function until<T>(look: () => T | Promise<T>, isDone: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (isDone(seen)) return seen;
    if (tries === 300) throw new Error(`still ${JSON.stringify(seen)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until counters of the filter have these values: sums are told once a second. */
export async function untilCounted(stage: Stage, counts: Readonly<Record<string, number>>): Promise<void> {
  await until(
    () => stage.stats("wasmcustom.merlon"),
    (stats) => Object.entries(counts).every(([name, value]) => (stats[`wasmcustom.merlon.${name}`] ?? 0) === value),
  );
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Sends a request. @returns status 0 where the connection was cut */
export async function send(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: Buffer | string } = {},
): Promise<Reply> {
  const { method = "GET", headers = {}, body } = options;
  return await new Promise((resolve) => {
    const cut = (): void => resolve({ status: 0, headers: {}, body: "" });
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", cut);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.on("error", cut);
    outgoing.end(body);
  });
}

/** Lines of a file, none where there is no such file yet. */
export function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

/** An HTTP/2 server without TLS. */
export function http2Upstream(): Http2Server {
  return createHttp2();
}
