/**
 * A real Envoy before an upstream that says which line the filter gave it. With the core as its filter, the filter's
 * `probe` puts the line into a request header, or into the answer where it blocks; with any other configuration there
 * is no line, and the upstream says what reached it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../tools/free-port.ts";
import type { Message } from "./message.ts";

const HEAD_BYTES_MAX = 262_144;
const BUFFER_BYTES = 16 << 20;
const START_TRIES = 100;
const START_PAUSE_MS = 100;
const ANSWER_MS = 20_000;

/** What came back for one request. */
export interface EnvoyAnswer {
  readonly status: number;
  /** The core's line, or undefined where Envoy itself answered. */
  readonly line: string | undefined;
}

/** Fields that end at a hop; the core does not look at them and Envoy would act on them. */
export const HOP =
  /^(?:host|connection|keep-alive|proxy-connection|te|upgrade|expect|content-length|transfer-encoding)$/i;

function configuration(ports: { listen: number; upstream: number }, wasm: string, policy: string | undefined): object {
  const types = "type.googleapis.com/envoy.extensions.filters";
  const loopback = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  const value = JSON.stringify({ probe: true, policy });
  const plugin = {
    name: "merlon",
    root_id: "merlon",
    failure_policy: "FAIL_RELOAD",
    allow_on_headers_stop_iteration: true,
    vm_config: { vm_id: "merlon", runtime: "envoy.wasm.runtime.v8", code: { local: { filename: wasm } } },
    configuration: { "@type": "type.googleapis.com/google.protobuf.StringValue", value },
  };
  const manager = {
    "@type": `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "conformance",
    generate_request_id: false,
    max_request_headers_kb: 256,
    common_http_protocol_options: { max_headers_count: 1000 },
    http_protocol_options: { enable_trailers: true },
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "upstream" } }] },
      ],
    },
    http_filters: [
      { name: "merlon", typed_config: { "@type": `${types}.http.wasm.v3.Wasm`, config: plugin } },
      { name: "envoy.filters.http.router", typed_config: { "@type": `${types}.http.router.v3.Router` } },
    ],
  };
  const endpoint = { endpoint: { address: loopback(ports.upstream) } };
  return {
    static_resources: {
      listeners: [
        {
          name: "conformance",
          address: loopback(ports.listen),
          per_connection_buffer_limit_bytes: BUFFER_BYTES,
          filter_chains: [
            { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
          ],
        },
      ],
      clusters: [
        {
          name: "upstream",
          type: "STATIC",
          connect_timeout: "2s",
          load_assignment: { cluster_name: "upstream", endpoints: [{ lb_endpoints: [endpoint] }] },
        },
      ],
    },
  };
}

/** What reached the upstream of one request. */
export interface Reached {
  readonly target: string;
  bytes: number;
  /** The request came to its end. */
  whole: boolean;
}

/** Answers every request with the line that it was sent, once its body is in. */
function createUpstream(reached: Reached[]): Server {
  // Envoy decides how long a connection is kept: one that ends as it is used again is answered 503.
  const options = { maxHeaderSize: HEAD_BYTES_MAX, insecureHTTPParser: true, keepAliveTimeout: 0 };
  return createServer(options, (request, response) => {
    const seen = { target: request.url ?? "", bytes: 0, whole: false };
    reached.push(seen);
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => {
      seen.bytes += chunk.length;
    });
    request.on("end", () => {
      seen.whole = true;
      response.writeHead(200, { "x-line": request.headers["x-merlon-line"] ?? "", "content-length": 0 });
      response.end();
    });
  });
}

/** An Envoy and its upstream, on ports of their own; `stop` is owed. */
export class EnvoyProcess {
  /** What reached the upstream, in order; to be emptied at will. */
  readonly reached: Reached[];
  /** Of the first listener. */
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #upstream: Server;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, upstream: Server, folder: string, reached: Reached[]) {
    this.reached = reached;
    this.port = port;
    this.#child = child;
    this.#upstream = upstream;
    this.#folder = folder;
  }

  /**
   * @param binary path of Envoy
   * @param wasm path of the module
   * @param policy image in base64; the built-in policy where absent
   */
  static async start(binary: string, wasm: string, policy?: string): Promise<EnvoyProcess> {
    return await EnvoyProcess.startWith(binary, (ports) => JSON.stringify(configuration(ports, wasm, policy)));
  }

  /** @param configure writes the configuration, YAML or JSON, for an Envoy on these ports */
  static async startWith(
    binary: string,
    configure: (ports: { listen: number; upstream: number }) => string | Promise<string>,
  ): Promise<EnvoyProcess> {
    const reached: Reached[] = [];
    const upstream = createUpstream(reached).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const ports = { listen: await freePort(), upstream: (upstream.address() as AddressInfo).port };
    const folder = await mkdtemp(join(tmpdir(), "merlon-envoy-"));
    const file = join(folder, "envoy.yaml");
    await writeFile(file, await configure(ports));
    const args = ["-c", file, "--disable-hot-restart", "--concurrency", "1", "-l", "error"];
    const child = spawn(binary, args, { stdio: ["ignore", "ignore", "inherit"] });
    const envoy = new EnvoyProcess(ports.listen, child, upstream, folder, reached);
    await envoy.#untilReady();
    return envoy;
  }

  async #untilReady(): Promise<void> {
    const nothing: Message = {
      method: "GET",
      target: "/",
      authority: "a",
      fields: [],
      body: Buffer.alloc(0),
      trailers: [],
    };
    for (let tries = 0; tries < START_TRIES; tries++) {
      const answer = await this.send(nothing).catch(() => undefined);
      if (answer !== undefined && answer.status !== 0) return;
      await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
    }
    await this.stop();
    throw new Error("Envoy did not start");
  }

  /** Sends a request to the first listener; see `sendHttp1`. */
  async send(message: Message, cuts: readonly number[] = [], port: number = this.port): Promise<EnvoyAnswer> {
    return await sendHttp1(port, message, cuts);
  }

  /** Ends Envoy and the upstream. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    this.#upstream.close();
    this.#upstream.closeAllConnections();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Sends a request on a connection of its own, its body in chunks cut at these offsets. */
export async function sendHttp1(port: number, message: Message, cuts: readonly number[] = []): Promise<EnvoyAnswer> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("nobody answered")));
  const head = readHead(socket);
  const chunked = cuts.length > 0 || message.trailers.length > 0;
  /* One write: an answer that comes before the body was sent would end the connection under the second. */
  socket.cork();
  socket.write(headOf(message, chunked), "latin1");
  if (!chunked) socket.write(message.body);
  socket.uncork();
  const sent = chunked ? writeChunks((bytes) => socket.write(bytes), message, cuts) : undefined;
  const answer = await head.finally(() => socket.destroy());
  await sent;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
  return { status, line: /^x-(?:merlon-)?line: (.*)\r$/m.exec(answer)?.[1] };
}

/** The head of the answer, as soon as it is whole: Envoy keeps a connection open for a while after an early answer. */
function readHead(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
      const end = answer.indexOf("\r\n\r\n");
      if (end >= 0) resolve(answer.slice(0, end + 2));
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("Envoy closed the connection without an answer")));
  });
}

function headOf(message: Message, chunked: boolean): string {
  const fields = message.fields.filter(([name]) => !HOP.test(name));
  const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${message.body.length}`;
  const lines = [
    `${message.method} ${message.target} HTTP/1.1`,
    `Host: ${message.authority}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...(message.body.length > 0 || chunked ? [framing] : []),
    "Connection: close",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Writes the body piece by piece, each in a packet of its own as far as the system lets it. */
async function writeChunks(write: (bytes: Buffer) => void, message: Message, cuts: readonly number[]): Promise<void> {
  let from = 0;
  for (const to of [...cuts, message.body.length]) {
    if (to > from) {
      const piece = message.body.subarray(from, to);
      write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    from = to;
  }
  const trailers = message.trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  write(Buffer.from(`0\r\n${trailers}\r\n`, "latin1"));
}
