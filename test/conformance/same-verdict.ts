/**
 * The hosts that one request goes through to have one verdict: the engine in this process, Envoy with the module, Envoy
 * with the ext_proc server in each body mode, the sidecar. Each takes a request whole by HTTP/1.1 and cut by HTTP/2,
 * where every piece is a frame of its own and reaches the host as such.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { BODY_MODES } from "../../hosts/cli/connector/filter.ts";
import { Engine } from "../../hosts/core/engine.ts";
import { startExtProc } from "../../hosts/dataplane/extproc/extproc.ts";
import { startSidecar } from "../../hosts/dataplane/sidecar/sidecar.ts";
import { compilePolicy } from "../../hosts/policy/image.ts";
import { defaultPolicy } from "../../hosts/policy/schema.ts";
import { ROOT } from "../tools/component.ts";
import type { Cuts } from "./delivery.ts";
import { EnvoyProcess, HOP, sendHttp1 } from "./envoy-process.ts";
import { lenientYaml } from "./lenient-yaml.ts";
import { Listening } from "./listening.ts";
import type { Message } from "./message.ts";

/** What a host said: the core's line, or in its place why there is none. */
export type Said = { readonly line: string } | { readonly refused: string };

/** One way to the core. */
export interface Host {
  readonly name: string;
  /** @param cuts where the body is cut; null for a request that comes whole */
  say(message: Message, cuts: Cuts | null): Promise<Said>;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const ANSWER_MS = 30_000;
/** How long the line may come after the answer. */
const LINE_MS = 10_000;

/** Starts all hosts. @param envoy path of Envoy */
export async function startHosts(envoy: string): Promise<Host[]> {
  const hosts = [engineHost(), await wasmHost(envoy), await sidecarHost()];
  for (const bodyMode of BODY_MODES) hosts.push(await extProcHost(envoy, bodyMode));
  return hosts;
}

function engineHost(): Host {
  const engine = Engine.load();
  const say = (message: Message, cuts: Cuts | null): Said => {
    const transaction = engine.begin("203.0.113.7", 0);
    const { method, target, authority, fields, body } = message;
    const rawHeaders = fields.filter(([name]) => !HOP.test(name)).flat();
    transaction.head({ method, target, authority, scheme: "http", rawHeaders });
    let from = 0;
    for (const to of [...(cuts ?? []), body.length]) {
      if (to > from) transaction.body(body.subarray(from, to));
      from = to;
    }
    if (message.trailers.length > 0) transaction.trailers(message.trailers.flat());
    transaction.end();
    const line = transaction.line();
    transaction.free();
    return { line };
  };
  return { name: "engine", say: async (message, cuts) => say(message, cuts), stop: async () => {} };
}

async function wasmHost(binary: string): Promise<Host> {
  const envoy = await EnvoyProcess.start(binary, join(ROOT, "build/merlon.wasm"));
  const client = new Http2Client(envoy.port);
  const say = async (message: Message, cuts: Cuts | null): Promise<Said> => {
    const { status, line } = await deliver(client, envoy.port, message, cuts);
    return line === undefined ? { refused: `answers ${status}` } : { line };
  };
  const stop = async (): Promise<void> => {
    client.close();
    await envoy.stop();
  };
  return { name: "Envoy with the module", say, stop };
}

async function extProcHost(binary: string, bodyMode: (typeof BODY_MODES)[number]): Promise<Host> {
  const core = watching();
  const server = await startExtProc({ inspectorFor: () => core });
  const processor = { host: HOST, port: server.port };
  const envoy = await EnvoyProcess.startWith(binary, (ports) => lenientYaml(ports, { bodyMode, processor }));
  const client = new Http2Client(envoy.port);
  const stop = async (): Promise<void> => {
    client.close();
    await envoy.stop();
    await server.close(0);
  };
  return { name: `ext_proc in ${bodyMode}`, say: byLines(core, client, envoy.port), stop };
}

async function sidecarHost(): Promise<Host> {
  const core = watching();
  const application = createServer({ maxHeaderSize: 1 << 18, insecureHTTPParser: true }, (request, response) => {
    request.on("error", () => {});
    request.resume().on("end", () => response.end());
  });
  application.listen(0, HOST);
  await once(application, "listening");
  const upstream = `http://${HOST}:${(application.address() as AddressInfo).port}`;
  const sidecar = await startSidecar({ upstream, inspector: core });
  const client = new Http2Client(sidecar.port);
  const stop = async (): Promise<void> => {
    client.close();
    await sidecar.close(0);
    application.closeAllConnections();
    application.close();
  };
  return { name: "sidecar", say: byLines(core, client, sidecar.port), stop };
}

/** Everything is looked at to its end, and nothing stopped. */
function watching(): Listening {
  const core = new Listening();
  core.engine.loadPolicy("active", compilePolicy({ ...defaultPolicy, mode: "monitoring" }));
  return core;
}

/** One request at a time, so that the next line is its own. */
function byLines(core: Listening, client: Http2Client, port: number): Host["say"] {
  return async (message, cuts) => {
    core.lines.length = 0;
    const begun = core.peers.length;
    const { status } = await deliver(client, port, message, cuts);
    const end = performance.now() + LINE_MS;
    // The core was never asked where a host refuses by itself.
    while (core.lines.length === 0 && core.peers.length > begun && performance.now() < end) {
      await new Promise(setImmediate);
    }
    const line = core.lines.at(-1);
    return line === undefined || status !== 200 ? { refused: `answers ${status}` } : { line };
  };
}

interface Answer {
  /** 0 where the connection was cut. */
  readonly status: number;
  readonly line: string | undefined;
}

async function deliver(client: Http2Client, port: number, message: Message, cuts: Cuts | null): Promise<Answer> {
  const none = { status: 0, line: undefined };
  if (cuts === null) return await sendHttp1(port, message).catch(() => none);
  return await client.send(message, cuts).catch(() => none);
}

/** A connection by HTTP/2, made again where a host ended it. */
class Http2Client {
  readonly #port: number;
  #session: ClientHttp2Session | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  async send(message: Message, cuts: Cuts): Promise<Answer> {
    const stream = this.#open().request(fieldsOf(message), { endStream: false, waitForTrailers: false });
    const answered = new Promise<Answer>((resolve, reject) => {
      stream.setTimeout(ANSWER_MS, () => stream.destroy(new Error("no answer")));
      stream.on("error", reject);
      stream.on("response", (headers) => {
        const line = headers["x-line"] ?? headers["x-merlon-line"];
        resolve({ status: headers[":status"] ?? 0, line: typeof line === "string" ? line : undefined });
      });
      stream.on("close", () => reject(new Error("cut")));
    });
    answered.catch(() => {});
    let from = 0;
    for (const to of [...cuts, message.body.length]) {
      // Written one after the other, or Node would put all of them into one frame.
      if (to > from) await new Promise((done) => stream.write(message.body.subarray(from, to), done));
      from = to;
    }
    stream.end();
    stream.resume();
    const answer = await answered;
    if (!stream.closed) await once(stream, "close");
    return answer;
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(`http://${HOST}:${this.#port}`);
    session.on("error", () => {});
    session.on("goaway", () => session.close());
    this.#session = session;
    return session;
  }
}

function fieldsOf({ method, target, authority, fields }: Message): string[] {
  const pseudo = [":method", method, ":path", target, ":scheme", "http", ":authority", authority];
  const plain = fields.filter(([name]) => !HOP.test(name)).flatMap(([name, value]) => [name.toLowerCase(), value]);
  return [...pseudo, ...plain];
}
