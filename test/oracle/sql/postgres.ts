/**
 * PostgreSQL as the machine has it: a server of its own in a temporary folder, spoken to in its protocol, version 3
 * (PostgreSQL 17 §53). It logs the parse tree of each statement to the client.
 */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Component } from "../../tools/component.ts";
import type { Answer, Shape, SqlEngine } from "./engine.ts";
import { PacketReader, type Server, serverFolder, startServer, unprivileged } from "./server.ts";
import { SCHEMA } from "./templates.ts";

const PROTOCOL = 196_608;
const INSTALLED = "/usr/lib/postgresql";
const SYNTAX_ERROR = /^(?:42601|22P02|22023|42P02|22019)$/;
const USER = "merlon";
/** Connections until the server is ready; it listens a little earlier. */
const READY_TRIES = 50;
/** Nodes of a parse tree whose outcome is true or false, 16 being that type's number, and CASE. */
const CONDITIONS = new RegExp(
  "\\{(?:OPEXPR :opno \\d+ :opfuncid \\d+ :opresulttype 16|BOOLEXPR|SCALARARRAYOPEXPR|NULLTEST|BOOLEANTEST|CASEEXPR" +
    "|DISTINCTEXPR) ",
  "g",
);
const CALLS = ["pg_sleep", "pg_read_file", "pg_ls_dir", "lo_import", "query_to_xml"];
const SETTINGS = [
  "set debug_print_parse = on",
  "set debug_pretty_print = off",
  "set client_min_messages = log",
  "set statement_timeout = 40",
  "set default_transaction_read_only = on",
];

/** Starts PostgreSQL. */
export async function openPostgres(): Promise<Component<SqlEngine>> {
  const versions = await readdir(INSTALLED).catch(() => []);
  const version = versions.sort().at(-1);
  if (version === undefined) return { missing: "no PostgreSQL server on this machine; its package is postgresql" };
  const programs = join(INSTALLED, version, "bin");
  const folder = await serverFolder("postgres");
  const init = ["-D", join(folder, "data"), "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  try {
    await promisify(execFile)(join(programs, "initdb"), init, { ...unprivileged(), cwd: folder });
    const options = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${folder}`, "-c", "fsync=off"];
    const command = [join(programs, "postgres"), "-D", join(folder, "data"), ...options];
    const server = await startServer(command, {}, folder, join(folder, ".s.PGSQL.5432"));
    return { found: await whenReady(server) };
  } catch (error) {
    return { missing: `PostgreSQL does not start: ${String(error).slice(0, 300)}` };
  }
}

async function whenReady(server: Server): Promise<SqlEngine> {
  for (let tries = 1; ; tries++) {
    try {
      return await Postgres.over(server);
    } catch (error) {
      if (tries === READY_TRIES) {
        await server.stop();
        throw error;
      }
      await server.reconnect();
    }
  }
}

interface Reply {
  readonly trees: string;
  readonly code: string;
  readonly fields: readonly string[];
}

class Postgres implements SqlEngine {
  readonly dialect = "postgres";
  readonly #server: Server;
  readonly #packets: PacketReader;
  readonly #calls = new Map<string, string>();

  private constructor(server: Server) {
    this.#server = server;
    this.#packets = new PacketReader(server.socket, (bytes) => (bytes.length < 5 ? 0 : bytes.readUInt32BE(1) + 1));
  }

  static async over(server: Server): Promise<Postgres> {
    const engine = new Postgres(server);
    const words = Buffer.from(`user\0${USER}\0database\0postgres\0\0`);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(words.length + 8, 0);
    head.writeUInt32BE(PROTOCOL, 4);
    server.socket.write(Buffer.concat([head, words]));
    await engine.#reply();
    for (const statement of SCHEMA) await engine.#query(statement);
    const names = CALLS.map((name) => `'${name}'`).join(",");
    for (const name of CALLS) {
      const { fields } = await engine.#query(`select oid from pg_proc where proname = '${name}'`);
      for (const field of fields) engine.#calls.set(field, name);
    }
    if (engine.#calls.size < CALLS.length) throw new Error(`PostgreSQL lacks one of ${names}`);
    for (const statement of SETTINGS) await engine.#query(statement);
    return engine;
  }

  async ask(statement: string): Promise<Answer> {
    if (statement.includes("\0")) return "broken";
    const { trees, code } = await this.#query(statement);
    if (trees === "") return SYNTAX_ERROR.test(code) ? "broken" : "unknown";
    const count = (expression: RegExp): number => trees.match(expression)?.length ?? 0;
    const shape: Shape = {
      statements: count(/^\{QUERY /gm),
      selects: count(/\{QUERY :commandType 1/g),
      conditions: count(CONDITIONS),
      calls: [...trees.matchAll(/\{FUNCEXPR :funcid (\d+)/g)].map(([, id = ""]) => this.#calls.get(id) ?? id),
    };
    return shape;
  }

  async close(): Promise<void> {
    await this.#server.stop();
  }

  async #query(text: string): Promise<Reply> {
    const body = Buffer.from(`${text}\0`);
    const head = Buffer.alloc(5);
    head.write("Q");
    head.writeUInt32BE(body.length + 4, 1);
    this.#server.socket.write(Buffer.concat([head, body]));
    return await this.#reply();
  }

  /** Reads up to the server's word that it is ready. */
  async #reply(): Promise<Reply> {
    let trees = "";
    let code = "";
    const fields: string[] = [];
    for (;;) {
      const packet = await this.#packets.next();
      const type = String.fromCharCode(packet[0] ?? 0);
      if (type === "Z") return { trees, code, fields };
      if (type === "N") trees += detailOf(packet);
      else if (type === "E") code ||= fieldsOf(packet).get("C") ?? "";
      else if (type === "D") fields.push(packet.subarray(11).toString());
      else if (type === "G") this.#server.socket.write(Buffer.from([0x66, 0, 0, 0, 5, 0]));
    }
  }
}

/** Fields of an error or a notice by their letters. */
function fieldsOf(packet: Buffer): Map<string, string> {
  const parts = packet.subarray(5).toString().split("\0");
  return new Map(parts.map((part) => [part.slice(0, 1), part.slice(1)]));
}

function detailOf(packet: Buffer): string {
  const fields = fieldsOf(packet);
  return fields.get("M") === "parse tree:" ? `${fields.get("D")?.trim().replace(/\s+/g, " ") ?? ""}\n` : "";
}
