/**
 * The whole way of a record as real processes, for long runs: attackers, nodes with their spools, a console with its
 * log, PostgreSQL. Any of them can be killed and started again on the same port and folder. Attacks are told apart by
 * the reference that the attacker was shown.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { ROOT } from "../tools/component.ts";
import { freePort } from "../tools/free-port.ts";

const MAIN = join(ROOT, "hosts/cli/main.ts");
const START_MS = 120_000;
const PASSWORD = "four words are enough";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** A command that is started again and again. */
export class Program {
  readonly #args: readonly string[];
  readonly #ready: RegExp;
  #child: ChildProcess | undefined;
  #said = "";

  /** @param ready what it says when it takes requests */
  constructor(args: readonly string[], ready: RegExp) {
    this.#args = args;
    this.#ready = ready;
  }

  /** @param shiftMs how far its clock is from ours @returns milliseconds until it was ready */
  async start(shiftMs = 0): Promise<number> {
    const began = performance.now();
    const flags = shiftMs === 0 ? [] : ["--import", shiftedClock(shiftMs)];
    const child = spawn(process.execPath, [...flags, MAIN, ...this.#args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#said = (this.#said + chunk.toString("utf8")).slice(-20_000);
      });
    }
    while (!this.#ready.test(this.#said)) {
      if (child.exitCode !== null) throw new Error(`${this.#args[0]} ended: ${this.#said}`);
      if (performance.now() - began > START_MS) throw new Error(`${this.#args[0]} does not start: ${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return performance.now() - began;
  }

  get said(): string {
    return this.#said;
  }

  /** Ends it as a loss of power would end a process. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** A module that moves the clock of a process. */
function shiftedClock(shiftMs: number): string {
  const text = `const D = Date; globalThis.Date = class extends D {
    constructor(...a) { if (a.length === 0) super(D.now() + ${shiftMs}); else super(...a); }
    static now() { return D.now() + ${shiftMs}; } };`;
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

/** A node, with what its attackers were shown. */
export interface ChainNode {
  readonly program: Program;
  readonly folder: string;
  readonly url: string;
  readonly metrics: string;
  /** Reference, and when the answer came, by `performance.now()`. */
  readonly shown: Map<string, number>;
  /** Milliseconds of each answer, in the order in which they came. */
  readonly times: number[];
}

/** The chain. */
export interface Chain {
  readonly console: Program;
  readonly data: string;
  readonly nodes: readonly ChainNode[];
}

/** Starts a console and nodes that send to it. @param folder is made @param data of the console */
export async function startChain(
  folder: string,
  database: string,
  size: number,
  data = join(folder, "data"),
): Promise<Chain> {
  mkdirSync(folder, { recursive: true });
  const origin = `http://127.0.0.1:${await freePort()}`;
  const flags = ["--data", data, "--database", database, "--listen", new URL(origin).host];
  const program = new Program(["console", ...flags], /records {4}.*\n/);
  await program.start();
  const [, password = ""] = /password {3}([a-z2-9-]{24})/.exec(program.said) ?? [];
  const ask = await signIn(origin, password);
  const upstream = `http://127.0.0.1:${await freePort()}`;
  const nodes: ChainNode[] = [];
  for (let index = 0; index < size; index++) {
    const name = `node-${index}`;
    const made = await ask("/api/v1/nodes/tokens", "POST", { node: name, days: 30 });
    const { token = "" }: { token?: string } = await made.json();
    const own = join(folder, name);
    writeFileSync(`${own}.token`, token);
    const [url, metrics] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const sending = ["--records-url", origin, "--records-token-file", `${own}.token`, "--data", own];
    const listening = ["--listen", url, "--metrics", metrics, "--node-id", name, "--mode", "block"];
    const node = new Program(["protect", upstream, ...listening, ...sending], /listening {2}\S+\n/);
    await node.start();
    const base = { program: node, folder: own, url: `http://${url}`, metrics: `http://${metrics}` };
    nodes.push({ ...base, shown: new Map(), times: [] });
  }
  return { console: program, data, nodes };
}

type Ask = (path: string, method: string, body: object) => Promise<Response>;

/** Signs the first user in, whose password is to be changed. @returns asks as a page of the console would */
async function signIn(origin: string, password: string): Promise<Ask> {
  let cookie = "";
  const ask: Ask = async (path, method, body) => {
    const headers = { "x-merlon-console": "1", origin, "content-type": "application/json", cookie };
    const response = await fetch(origin + path, { method, headers, body: JSON.stringify(body) });
    const [set] = response.headers.getSetCookie();
    cookie = set?.split(";", 1)[0] ?? cookie;
    return response;
  };
  await ask("/api/v1/session", "POST", { name: "admin", password });
  await ask("/api/v1/session/password", "PUT", { current: password, next: PASSWORD });
  return ask;
}

/** Attacks that are all different: short words, so that sampling takes none for another. */
export class Attackers {
  readonly #ending = new AbortController();
  readonly #agent = new Agent({ connections: 8, pipelining: 1, headersTimeout: 5000, bodyTimeout: 5000 });
  readonly #running: Promise<void>[] = [];
  #next = 0;

  /** @param pauseMs between two attacks of one attacker */
  constructor(nodes: readonly ChainNode[], perNode: number, pauseMs: number) {
    for (const node of nodes) {
      for (let index = 0; index < perNode; index++) this.#running.push(this.#attack(node, pauseMs));
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
    await this.#agent.close();
  }

  async #attack(node: ChainNode, pauseMs: number): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const began = performance.now();
      try {
        const target = `${node.url}/${this.#word()}/${this.#word()}?file=../../../../../../etc/passwd`;
        const { headers, body } = await request(target, { dispatcher: this.#agent });
        await body.dump();
        const ref = headers["x-merlon-ref"];
        const now = performance.now();
        if (typeof ref === "string") node.shown.set(ref, now);
        node.times.push(now - began);
      } catch {
        // The node is dead for a moment.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #word(): string {
    let number = this.#next++;
    let word = "";
    do {
      word += LETTERS[number % LETTERS.length];
      number = Math.floor(number / LETTERS.length);
    } while (number > 0);
    return word;
  }
}

/** @returns a number of a node's metrics, summed over its labels; null while it does not answer */
export async function metricOf(node: ChainNode, name: string): Promise<number | null> {
  try {
    const text = await (await fetch(`${node.metrics}/metrics`)).text();
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
    return values.length === 0 ? null : values.reduce((sum, [, value]) => sum + Number(value), 0);
  } catch {
    return null;
  }
}

/** Waits until no node has anything that is not acknowledged. @returns milliseconds that it took */
export async function untilDrained(nodes: readonly ChainNode[], mostMs: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const oldest = await Promise.all(nodes.map((node) => metricOf(node, "waf_spool_oldest_seconds")));
    if (oldest.every((seconds) => seconds === 0)) return performance.now() - began;
    if (performance.now() - began > mostMs) throw new Error(`not drained: ${oldest.join(", ")} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** @returns the name of the newest file of a folder with such an end */
export function newestFile(names: readonly string[], end: string): string | undefined {
  return names
    .filter((name) => name.endsWith(end))
    .sort()
    .at(-1);
}
