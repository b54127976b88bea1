/** Database servers for the oracle: real programs in a folder of their own that is gone when they stop. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const START_TRIES = 100;
const START_PAUSE_MS = 100;
/** A user without rights; database servers refuse to run as root. */
const NOBODY = 65534;

/** A server that runs. */
export interface Server {
  readonly socket: Socket;
  /** Connects anew: a server may listen before it is ready, and hang up. */
  reconnect(): Promise<void>;
  stop(): Promise<void>;
}

/** Options of a child process that must not be root. */
export function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** Makes the folder that a server keeps its files in; it belongs to the user that `unprivileged` names. */
export async function serverFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `merlon-${name}-`));
  if (process.getuid?.() === 0) await chown(folder, NOBODY, NOBODY);
  return folder;
}

/** Starts a server and connects to its socket. @throws Error if it does not come up */
export async function startServer(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  folder: string,
  path: string,
): Promise<Server> {
  const [file = "", ...args] = command;
  const options = { ...unprivileged(), env: { ...process.env, ...env }, cwd: folder, stdio: "ignore" } as const;
  const child = spawn(file, args, options);
  let socket = await connectWhenUp(child, path).catch(async (error: unknown) => {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    get socket() {
      return socket;
    },
    reconnect: async () => {
      socket.destroy();
      socket = await connectWhenUp(child, path);
    },
    stop: async () => {
      socket.destroy();
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function connectWhenUp(child: ChildProcess, path: string): Promise<Socket> {
  for (let tries = 0; tries < START_TRIES && child.exitCode === null; tries++) {
    await pause(START_PAUSE_MS);
    const socket = connect(path);
    // `once` rejects when the socket reports an error first.
    const up = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (up) return socket;
    socket.destroy();
  }
  throw new Error(`${child.spawnfile} does not come up`);
}

/** Cuts a stream of packets: `sizeOf` says how long the first is, or 0 if not enough bytes are there to tell. */
export class PacketReader {
  #bytes: Buffer = Buffer.alloc(0);
  readonly #socket: Socket;
  readonly #sizeOf: (bytes: Buffer) => number;

  constructor(socket: Socket, sizeOf: (bytes: Buffer) => number) {
    this.#socket = socket;
    this.#sizeOf = sizeOf;
    socket.on("error", () => {});
  }

  /** The next packet. @throws Error when the server has gone */
  async next(): Promise<Buffer> {
    for (;;) {
      const size = this.#bytes.length === 0 ? 0 : this.#sizeOf(this.#bytes);
      if (size > 0 && this.#bytes.length >= size) {
        const packet = this.#bytes.subarray(0, size);
        this.#bytes = this.#bytes.subarray(size);
        return packet;
      }
      const chunk: unknown = this.#socket.read();
      if (Buffer.isBuffer(chunk)) this.#bytes = Buffer.concat([this.#bytes, chunk]);
      else if (this.#socket.destroyed || this.#socket.readableEnded) throw new Error("the database server has gone");
      else await once(this.#socket, "readable");
    }
  }
}
