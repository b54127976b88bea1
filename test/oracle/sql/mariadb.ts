/**
 * MariaDB from the distribution's packages, unpacked into `.cache/` and run from there, spoken to in its protocol. A
 * view keeps the tree of its query as it was parsed, which `SHOW CREATE VIEW` prints. What no view can hold, variables
 * and INTO, stays unknown.
 */
import { execFile } from "node:child_process";
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Component, cacheFolder, install } from "../../tools/component.ts";
import type { Answer, SqlEngine } from "./engine.ts";
import { PacketReader, type Server, serverFolder, startServer } from "./server.ts";
import { SCHEMA } from "./templates.ts";

const PACKAGES = ["mariadb-server-core", "liburing2", "libaio1"];
const SYNTAX_ERRORS = new Set([1064, 1149, 1065, 1210]);
const PACKET_BYTES_MAX = 1 << 24;
const MULTI_STATEMENTS = 1 << 16;
const PROTOCOL_41 = 1 << 9;
const MORE_RESULTS = 8;

/** Unpacks MariaDB if that was not done yet, and starts it. */
export async function openMariadb(): Promise<Component<SqlEngine>> {
  const programs = await unpack();
  if ("missing" in programs) return programs;
  const folder = await serverFolder("mariadb");
  const root = programs.found;
  const path = join(folder, "socket");
  const options = [
    ...["--no-defaults", "--skip-grant-tables", "--skip-networking", `--datadir=${folder}`, `--socket=${path}`],
    ...[`--lc-messages-dir=${join(root, "usr/share/mysql")}`, "--innodb-buffer-pool-size=8M", "--skip-log-bin"],
    ...["--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0", "--max-statement-time=0.04"],
  ];
  const env = { LD_LIBRARY_PATH: join(root, "libraries") };
  try {
    const server = await startServer([join(root, "usr/sbin/mariadbd"), ...options], env, folder, path);
    return { found: await Mariadb.over(server) };
  } catch (error) {
    return { missing: `MariaDB does not start: ${String(error).slice(0, 300)}` };
  }
}

async function unpack(): Promise<Component<string>> {
  const cache = await cacheFolder();
  const folder = join(cache, "mariadb");
  if (await exists(folder)) return { found: folder };
  const passing = `${folder}.${process.pid}`;
  await mkdir(passing, { recursive: true });
  try {
    const run = promisify(execFile);
    // Lists of packages may be missing or old; to renew them takes rights that a person may not have.
    await run("apt-get", ["-qq", "download", ...PACKAGES], { cwd: passing }).catch(async () => {
      await run("apt-get", ["-qq", "update"]);
      await run("apt-get", ["-qq", "download", ...PACKAGES], { cwd: passing });
    });
    for (const file of await readdir(passing)) {
      const outcome = await install("dpkg-deb", ["-x", join(passing, file), passing]);
      if ("missing" in outcome) return outcome;
      await rm(join(passing, file));
    }
    const [machine = ""] = await readdir(join(passing, "usr/lib")).then((names) =>
      names.filter((n) => n.includes("linux")),
    );
    await rename(join(passing, "usr/lib", machine), join(passing, "libraries"));
    await rename(passing, folder).catch(() => {});
  } catch (error) {
    return { missing: `MariaDB's packages cannot be had: ${String(error).slice(0, 300)}` };
  } finally {
    await rm(passing, { recursive: true, force: true });
  }
  return { found: folder };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

interface Reply {
  /** Results before an error. */
  readonly results: number;
  readonly error: number;
  readonly rows: readonly Buffer[];
}

class Mariadb implements SqlEngine {
  readonly dialect = "mariadb";
  readonly #server: Server;
  readonly #packets: PacketReader;

  private constructor(server: Server) {
    this.#server = server;
    this.#packets = new PacketReader(server.socket, (bytes) => (bytes.length < 4 ? 0 : bytes.readUIntLE(0, 3) + 4));
  }

  static async over(server: Server): Promise<Mariadb> {
    const engine = new Mariadb(server);
    await engine.#packets.next();
    const hello = Buffer.alloc(32);
    hello.writeUInt32LE(PROTOCOL_41 | MULTI_STATEMENTS, 0);
    hello.writeUInt32LE(PACKET_BYTES_MAX, 4);
    hello[8] = 33;
    engine.#send(1, Buffer.concat([hello, Buffer.from("root\0\0")]));
    await engine.#packets.next();
    await engine.#query("create database oracle");
    await engine.#query("use oracle");
    for (const statement of SCHEMA) await engine.#query(statement);
    return engine;
  }

  async ask(statement: string): Promise<Answer> {
    const { results, error } = await this.#query(`create or replace view shape as ${statement}`);
    if (SYNTAX_ERRORS.has(error)) return "broken";
    if (results === 0) return "unknown";
    // Names that another statement lacks are no matter: the server went on to it.
    const statements = results + (error !== 0 ? 1 : 0);
    const { rows } = await this.#query("show create view shape");
    // A server that is too busy for its own limit of time shows nothing.
    if (rows.length === 0) return "unknown";
    return shapeOf(
      Buffer.concat(rows)
        .toString()
        .replace(/^[\s\S]*? AS select/, "select"),
      statements,
    );
  }

  async close(): Promise<void> {
    await this.#server.stop();
  }

  #send(sequence: number, body: Buffer): void {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = sequence;
    this.#server.socket.write(Buffer.concat([head, body]));
  }

  async #query(text: string): Promise<Reply> {
    this.#send(0, Buffer.concat([Buffer.from([3]), Buffer.from(text)]));
    const rows: Buffer[] = [];
    for (let results = 0; ; results++) {
      const first = (await this.#packets.next()).subarray(4);
      if (first[0] === 0xff) return { results, error: first.readUInt16LE(1), rows };
      const status = first[0] === 0 ? statusOf(first) : await this.#rows(rows);
      if (typeof status !== "number") return { results, error: status.error, rows };
      if ((status & MORE_RESULTS) === 0) return { results: results + 1, error: 0, rows };
    }
  }

  /** Reads columns and rows. @returns the status behind them, or an error */
  async #rows(rows: Buffer[]): Promise<number | { error: number }> {
    for (let ends = 0; ; ) {
      const packet = (await this.#packets.next()).subarray(4);
      if (packet[0] === 0xff) return { error: packet.readUInt16LE(1) };
      if (packet[0] === 0xfe && packet.length < 9) {
        if (++ends === 2) return packet.readUInt16LE(3);
      } else if (ends === 1) rows.push(packet);
    }
  }
}

/** The status flags of an OK packet behind its two counts. */
function statusOf(packet: Buffer): number {
  let at = 1;
  for (let counts = 0; counts < 2; counts++) {
    const mark = packet[at] ?? 0;
    at += mark < 0xfb ? 1 : mark === 0xfc ? 3 : mark === 0xfd ? 4 : 9;
  }
  return packet.readUInt16LE(at);
}

/** Counts in the text that the server wrote back: names are in backticks, strings in quotes. */
function shapeOf(text: string, statements: number): Answer {
  const named = text.replace(/'(?:[^'\\]|\\.|'')*'/g, "''").replace(/`[^`]*`/g, "n");
  // Shifts compare nothing.
  const bare = named.replace(/<<|>>/g, "+");
  const count = (expression: RegExp): number => bare.match(expression)?.length ?? 0;
  return {
    statements,
    selects: count(/\bselect\b/g),
    conditions: count(
      /[^<>!]=|[<>]=?|<>|\b(?:and|or|xor|like|regexp|between|in|is (?:not )?(?:null|true)|case|exists)\b/gi,
    ),
    calls: [...bare.matchAll(/(\w+)\(/g)].map(([, name = ""]) => name.toLowerCase()),
  };
}
