/**
 * A real node that is killed again and again while it is attacked, with a store that fails at random, torn writes and
 * restarts: `merlon protect` in a process of its own, real sockets, a real disk. What the node said was on disk must be
 * in the store at the end, once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readEntry } from "../../../hosts/records/spool/entry.ts";
import { SEGMENT_HEAD_BYTES } from "../../../hosts/records/spool/segments.ts";
import { Receiver } from "./receiver.ts";
import type { Random } from "./spool/simulated-disk.ts";

const MAIN = join(import.meta.dirname, "../../../hosts/cli/main.ts");
const WAIT_MS = 60_000;
const LOOK_MS = 20;

/** What came of it. */
export interface Killed {
  readonly kills: number;
  readonly requests: number;
  /** References of blocked requests whose records the node had said were on disk. */
  readonly promised: number;
  readonly stored: number;
  readonly repeated: number;
  /** Promised references, and records found on disk after a kill, that the store does not have. */
  readonly lost: readonly string[];
  readonly faults: readonly string[];
  /** The longest time from a start to the first answer, milliseconds; for the report alone. */
  readonly slowestStartMs: number;
}

interface Node {
  readonly child: ChildProcess;
  readonly url: string;
  readonly metrics: string;
}

/** Kills a node so many times. @param folder for what the node keeps */
export async function killOften(random: Random, kills: number, folder: string): Promise<Killed> {
  const application = createServer((_request, response) => response.end("application"));
  const receiver = new Receiver();
  const upstream = await portOf(application);
  const store = await receiver.listen();
  receiver.judge = () => fateOf(random);
  const promised = new Set<string>();
  const onDisk = new Set<string>();
  let requests = 0;
  let slowestStartMs = 0;
  const begin = async (): Promise<Node> => {
    const began = performance.now();
    const node = await startNode(upstream, store, folder);
    slowestStartMs = Math.max(slowestStartMs, performance.now() - began);
    return node;
  };
  try {
    for (let life = 0; life < kills; life++) {
      const node = await begin();
      const before = await storedBy(node);
      const refs = await attack(node, life, Math.ceil(random() * 40));
      requests += refs.length;
      if (random() < 0.7) {
        // The node itself says how many are on disk; only then are they promised.
        await until(async () => (await storedBy(node)) - before >= refs.length, "records on disk");
        for (const ref of refs) promised.add(ref);
      } else await pause(random() * 60);
      const ended = once(node.child, "exit");
      node.child.kill("SIGKILL");
      await ended;
      if (random() < 0.3) tearLastSegment(join(folder, "spool"), random, promised);
      for (const id of idsOnDisk(join(folder, "spool"))) onDisk.add(id);
    }
    receiver.judge = () => null;
    const last = await begin();
    await until(async () => (await metric(last, "waf_spool_oldest_seconds")) === 0, "an empty spool");
    const ended = once(last.child, "exit");
    last.child.kill("SIGTERM");
    await ended;
  } finally {
    await receiver.close();
    application.closeAllConnections();
    application.close();
  }
  const refs = new Set([...receiver.records.values()].map(({ ref }) => ref));
  const lost = [...promised]
    .filter((ref) => !refs.has(ref))
    .concat([...onDisk].filter((id) => !receiver.records.has(id)));
  const { records, repeated, faults } = receiver;
  return { kills, requests, promised: promised.size, stored: records.size, repeated, lost, faults, slowestStartMs };
}

/** A store has good and bad moments; in some of the bad ones it has the records and nobody learns it. */
function fateOf(random: Random): { status: number; afterStoring?: boolean; cut?: boolean } | null {
  const fate = random();
  if (fate < 0.1) return { status: 503 };
  if (fate < 0.2) return { status: 500, afterStoring: true };
  if (fate < 0.3) return { status: 200, cut: true };
  return fate < 0.4 ? { status: 200, afterStoring: true, cut: true } : null;
}

async function startNode(upstream: number, store: number, folder: string): Promise<Node> {
  const flags = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--mode", "block", "--quiet"];
  const sending = ["--data", folder, "--records-url", `http://127.0.0.1:${store}`, "--node-id", "killed"];
  const child = spawn(process.execPath, [MAIN, "protect", `http://127.0.0.1:${upstream}`, ...flags, ...sending], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  await until(async () => /^metrics .*\n/m.test(text) || child.exitCode !== null, "a node that listens");
  const [, url] = /^listening +(\S+)$/m.exec(text) ?? [];
  const [, metrics] = /^metrics +(\S+)$/m.exec(text) ?? [];
  if (url === undefined || metrics === undefined) throw new Error(`the node did not start: ${text}`);
  return { child, url, metrics };
}

/** Sends attacks that are no two alike. @returns their references */
async function attack({ url }: Node, life: number, count: number): Promise<string[]> {
  const refs: string[] = [];
  for (let i = 0; i < count; i++) {
    const word = `${letters(life)}-${letters(i)}`;
    const response = await fetch(`${url}/${word}?file=../../../../../../etc/passwd`);
    await response.text();
    const ref = response.headers.get("x-merlon-ref");
    if (response.status !== 403 || ref === null) throw new Error(`an attack was answered ${response.status}`);
    refs.push(ref);
  }
  return refs;
}

/** A number as letters, since templates of paths take numbers for ids. */
function letters(number: number): string {
  return [...String(number)].map((digit) => "abcdefghij"[Number(digit)]).join("");
}

async function metric({ metrics }: Node, name: string): Promise<number> {
  const text = await (await fetch(metrics)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}

async function storedBy(node: Node): Promise<number> {
  return await metric(node, "waf_records_stored_total");
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".seg"))
    .sort()
    .map((name) => join(folder, name));
}

function recordsIn(path: string): { id: string; ref: string }[] {
  const bytes = readFileSync(path);
  const found: { id: string; ref: string }[] = [];
  for (let at = SEGMENT_HEAD_BYTES; ; ) {
    const entry = readEntry(bytes, at);
    if (entry.kind !== "entry") return found;
    found.push(JSON.parse(entry.entry.record.toString("utf8")));
    at += entry.size;
  }
}

function idsOnDisk(folder: string): string[] {
  return segmentsIn(folder).flatMap((path) => recordsIn(path).map(({ id }) => id));
}

/** Cuts the newest segment somewhere, as a file system may after a loss of power; what that takes was not promised. */
function tearLastSegment(folder: string, random: Random, promised: Set<string>): void {
  const path = segmentsIn(folder).at(-1);
  if (path === undefined) return;
  const before = recordsIn(path);
  truncateSync(path, Math.floor(statSync(path).size * (0.5 + random() / 2)));
  const after = new Set(recordsIn(path).map(({ id }) => id));
  for (const { id, ref } of before) if (!after.has(id)) promised.delete(ref);
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return port;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`there was never ${what}`);
    await pause(LOOK_MS);
  }
}
