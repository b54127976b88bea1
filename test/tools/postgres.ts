/**
 * A real PostgreSQL server for tests: the distribution's, with a folder of its own on a socket and a free port of this
 * machine. The server refuses to run as root, so as root it is started as the unprivileged user.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Component, install } from "./component.ts";
import { freePort } from "./free-port.ts";

const FOLDER = "/usr/lib/postgresql";
const PACKAGE = "postgresql";
/** Nobody and nogroup on Debian. */
const UNPRIVILEGED = 65_534;
const START_ATTEMPTS = 300;
const START_PAUSE_MS = 100;

let chosen: Promise<Component<string>> | undefined;
let databases = 0;

/** @returns the folder of the server's programs */
export async function postgresPrograms(): Promise<Component<string>> {
  chosen ??= choosePrograms();
  return await chosen;
}

async function choosePrograms(): Promise<Component<string>> {
  const atHand = findPrograms();
  if (atHand !== undefined) return { found: atHand };
  if (process.getuid?.() !== 0) return { missing: `no PostgreSQL in ${FOLDER}, and only root may install one` };
  process.stderr.write("merlon: installing PostgreSQL for tests (once) …\n");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await install("apt-get", ["--yes", "--quiet", "update"], env);
  const outcome = await install("apt-get", ["--yes", "--quiet", "install", "--no-install-recommends", PACKAGE], env);
  const installed = findPrograms();
  if (installed !== undefined) return { found: installed };
  return "missing" in outcome ? outcome : { missing: `package ${PACKAGE} brought no server` };
}

function findPrograms(): string | undefined {
  if (!existsSync(FOLDER)) return undefined;
  const folders = readdirSync(FOLDER).sort((a, b) => Number(b) - Number(a));
  return folders.map((version) => join(FOLDER, version, "bin")).find((bin) => existsSync(join(bin, "postgres")));
}

/** A server. */
export class PostgresServer {
  readonly #programs: string;
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(programs: string, folder: string, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.#port = port;
  }

  /** Makes a server with an empty folder, and starts it. @param programs the folder of its programs */
  static async start(programs: string): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "merlon-postgres-"));
    if (isRoot()) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED);
    const args = [
      "-D",
      join(folder, "cluster"),
      "-U",
      "merlon",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
    ];
    const made = spawnSync(join(programs, "initdb"), args, { cwd: folder, ...unprivileged(), encoding: "utf8" });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const server = new PostgresServer(programs, folder, await freePort());
    await server.resume();
    return server;
  }

  /** Address of the server's own database. */
  get url(): string {
    return this.#urlOf("postgres");
  }

  /** Makes an empty database. @returns its address */
  async createDatabase(): Promise<string> {
    const name = `merlon_${process.pid}_${++databases}`;
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return this.#urlOf(name);
  }

  /** Kills the server as a power cut would, its children too. */
  async kill(): Promise<void> {
    const server = this.#process;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    const children = childrenOf(server.pid ?? 0);
    server.kill("SIGKILL");
    // The children notice by themselves, later; the folder stays locked until they have.
    for (const child of children) killQuietly(child);
    await ended;
  }

  /** Starts it again after `kill`, and waits until it answers. */
  async resume(): Promise<void> {
    const args = ["-D", join(this.#folder, "cluster"), "-h", "127.0.0.1", "-p", String(this.#port), "-k", this.#folder];
    // After a kill the server syncs every file of its folder, one by one; one call for all is as good and quicker.
    args.push("-c", "recovery_init_sync_method=syncfs");
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
      if (this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) {
        this.#process = spawn(join(this.#programs, "postgres"), args, {
          cwd: this.#folder,
          ...unprivileged(),
          stdio: "ignore",
        });
      }
      if (await answers(this.url)) return;
      await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
    }
    throw new Error("PostgreSQL did not start");
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #urlOf(name: string): string {
    return `postgres://merlon@127.0.0.1:${this.#port}/${name}`;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function unprivileged(): { uid?: number; gid?: number } {
  return isRoot() ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
