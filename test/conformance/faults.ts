/**
 * Servers behind Envoy's ext_proc filter that fail, each in a way of its own, and one Envoy that has a listener for
 * each of them in each body mode, open and closed: the printed filter and cluster as they are.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp2 } from "node:http2";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type ExtProcPlan, extProcYaml } from "../../hosts/cli/connector/envoy-config.ts";
import { ROOT } from "../tools/component.ts";
import { freePort } from "../tools/free-port.ts";

const HOST = "127.0.0.1";

/** A server that has failed, or does so at each request. */
export interface Failing {
  readonly port: number;
  /** Ends what belongs to it. */
  stop(): Promise<void>;
}

/** A real server in a process of its own, which can be killed and frozen. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async start(): Promise<ServerProcess> {
    const main = join(ROOT, "hosts/cli/main.ts");
    const args = [main, "extproc", "--listen", `${HOST}:0`, "--workers", "1", "--mode", "block", "--quiet"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    return new ServerProcess(await portSaidBy(child), child);
  }

  /** Dies at once: nobody says goodbye. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** Keeps its connections and says nothing on them any more. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }
}

/** The port is at the end of the first line that has one. */
async function portSaidBy(child: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const port = /:(\d{2,5})\n/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once("exit", () => reject(new Error("the server ended before it said its port")));
  });
}

/** A real server on a line on which each direction takes half a second. */
export async function startLate(): Promise<Failing> {
  const real = await ServerProcess.start();
  const line = await startTcp((near) => {
    const far = connect(real.port, HOST);
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
    near.on("data", (chunk) => setTimeout(() => far.writable && far.write(chunk), 500));
    far.on("data", (chunk) => setTimeout(() => near.writable && near.write(chunk), 500));
  });
  const stop = async (): Promise<void> => {
    await line.stop();
    await real.kill();
  };
  return { port: line.port, stop };
}

/** Takes connections and reads, and says nothing. */
export async function startSilent(): Promise<Failing> {
  return await startTcp((socket) => socket.resume());
}

/** Says something that is no HTTP/2. */
export async function startForeign(): Promise<Failing> {
  return await startTcp((socket) => socket.write("220 hello\r\n"));
}

/** Takes the first bytes of a request, and ends the connection. */
export async function startBreaking(): Promise<Failing> {
  return await startHttp2((stream) => stream.once("data", () => stream.session?.destroy()));
}

/** Answers each request with this instead of a message. */
export async function startGarbage(bytes: Uint8Array): Promise<Failing> {
  return await startHttp2((stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    stream.write(bytes);
  });
}

/** Answers each request with an error of HTTP's. */
export async function startRefusing(): Promise<Failing> {
  return await startHttp2((stream) => stream.respond({ ":status": 503 }, { endStream: true }));
}

/**
 * A port on which the system drops every packet that would begin a connection: the queue of connections that nobody
 * takes is full.
 */
export async function startDropping(): Promise<Failing> {
  const script =
    "require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1}," +
    "function(){console.log(':'+this.address().port)})";
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await portSaidBy(child);
  child.kill("SIGSTOP");
  const sockets = Array.from({ length: 8 }, () => connect(port, HOST).on("error", () => {}));
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  return { port, stop };
}

async function startTcp(take: (socket: Socket) => void): Promise<Failing> {
  return await listening(
    createServer((socket) => {
      socket.on("error", () => {});
      take(socket);
    }),
  );
}

async function startHttp2(take: (stream: import("node:http2").ServerHttp2Stream) => void): Promise<Failing> {
  const server = createHttp2();
  server.on("session", (session) => session.on("error", () => {}));
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    take(stream);
  });
  return await listening(server);
}

async function listening(server: Server | ReturnType<typeof createHttp2>): Promise<Failing> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  const stop = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: typeof address === "object" && address !== null ? address.port : 0, stop };
}

/** One listener: whom it asks, and how. */
export interface Cell {
  readonly name: string;
  readonly processor: number;
  readonly bodyMode: ExtProcPlan["bodyMode"];
  readonly failure: "open" | "closed";
}

/** A cell with its port in Envoy; its counters are called `http.<name>.ext_proc.…`. */
export type Listener = Cell & { readonly port: number };

const object = z.looseObject;
const printedSchema = object({
  static_resources: object({
    listeners: z.tuple([
      object({
        name: z.string(),
        filter_chains: z.tuple([
          object({
            filters: z.tuple([
              object({
                typed_config: object({
                  stat_prefix: z.string(),
                  http_filters: z.tuple([
                    object({
                      typed_config: object({
                        grpc_service: object({ envoy_grpc: object({ cluster_name: z.string() }) }),
                      }),
                    }),
                    object({}),
                  ]),
                }),
              }),
            ]),
          }),
        ]),
      }),
    ]),
    clusters: z.tuple([
      object({ name: z.string() }),
      object({ name: z.string(), load_assignment: object({ cluster_name: z.string() }) }),
    ]),
  }),
});

/**
 * @param ports that of the first cell, and of the application; the other cells' are the system's choice, since of a
 * hundred that were free a moment ago one may be taken
 * @returns what is printed for each cell as one configuration
 */
export async function joinCells(
  cells: readonly Cell[],
  ports: { readonly listen: number; readonly upstream: number },
): Promise<{ admin: number; configuration: string }> {
  const admin = await freePort();
  const printed = cells.map((cell, at) => printedFor({ ...cell, port: at === 0 ? ports.listen : 0 }, ports.upstream));
  const application = printed[0]?.clusters[0];
  const configuration = {
    admin: { address: { socket_address: { address: HOST, port_value: admin } } },
    static_resources: {
      listeners: printed.flatMap(({ listeners: [listener] }) => listener),
      clusters: [application, ...printed.map(({ clusters: [, cluster] }) => cluster)],
    },
  };
  return { admin, configuration: JSON.stringify(configuration) };
}

const statusesSchema = object({
  listener_statuses: z.array(
    object({
      name: z.string(),
      local_address: object({ socket_address: object({ port_value: z.int().min(1) }) }),
    }),
  ),
});

/** @returns the cells with the ports that an Envoy gave them @param admin port of its administration */
export async function listenersIn(admin: number, cells: readonly Cell[]): Promise<Listener[]> {
  const answer = await fetch(`http://${HOST}:${admin}/listeners?format=json`);
  const { listener_statuses: statuses } = statusesSchema.parse(await answer.json());
  const ports = new Map(statuses.map((status) => [status.name, status.local_address.socket_address.port_value]));
  return cells.map((cell) => {
    const port = ports.get(cell.name);
    if (port === undefined) throw new Error(`Envoy has no listener ${cell.name}`);
    return { ...cell, port };
  });
}

/** The printed configuration with names of the cell's own. */
function printedFor({ name, processor, bodyMode, failure, port }: Listener, upstream: number) {
  const yaml = extProcYaml({
    listen: { host: HOST, port },
    upstream: { host: HOST, port: upstream },
    processor: { host: HOST, port: processor },
    bodyMode,
    mode: null,
    observe: false,
    failure,
  });
  const { static_resources: resources } = printedSchema.parse(parse(yaml));
  const [listener] = resources.listeners;
  const [, cluster] = resources.clusters;
  const manager = listener.filter_chains[0].filters[0].typed_config;
  listener.name = name;
  manager.stat_prefix = name;
  manager.http_filters[0].typed_config.grpc_service.envoy_grpc.cluster_name = name;
  cluster.name = name;
  cluster.load_assignment.cluster_name = name;
  return resources;
}
