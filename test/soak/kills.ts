/**
 * R5 as real processes: `MERLON_KILLS=500 node test/soak/kills.ts [seed]`. While attackers attack, nodes, console and
 * PostgreSQL are killed at random, their newest files get torn ends, their clocks jump by up to an hour, and the
 * console's disk is full for a while (where this machine lets a small disk be mounted). In the end every record that a
 * node had on its disk is in the database, once. Prints what came of it and ends with 1 where it is not so.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { chance, createRandom, type Random } from "../bench/random.ts";
import { PostgresServer, postgresPrograms } from "../tools/postgres.ts";
import { Attackers, type Chain, type ChainNode, newestFile, startChain, untilDrained } from "./chain.ts";

const KILLS = Number(process.env["MERLON_KILLS"] ?? 100);
const NODES = 2;
/** A node syncs 50 ms after a record came; a machine that has other work gets more. */
const SAFE_MS = 2000;
/** Between two attacks of one attacker. */
const PAUSE_MS = Number(process.env["MERLON_PAUSE_MS"] ?? 2);
const REOPEN_MS_MAX = 5000;
const DRAIN_MS_MAX = 300_000;
const HOUR_MS = 3_600_000;
const DISK = "512m";

interface Outcome {
  readonly kills: Killer["kills"];
  readonly torn: number;
  readonly fullDisks: number;
  readonly clockJumps: number;
  readonly attacks: number;
  readonly perSecond: number;
  /** Records that were on a node's disk for certain. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly stored: number;
  readonly visibleTwice: number;
  readonly reopenMsMedian: number;
  readonly reopenMsMost: number;
  readonly reopenedLate: number;
  readonly drainedMs: number;
}

/** Kills, and remembers what was safe by then. */
class Killer {
  readonly kills = { node: 0, console: 0, postgres: 0 };
  readonly reopened: number[] = [];
  readonly safe = new Set<string>();
  torn = 0;
  clockJumps = 0;
  fullDisks = 0;
  readonly #random: Random;
  readonly #chain: Chain;
  readonly #server: PostgresServer;
  readonly #disk: string | null;

  constructor(random: Random, chain: Chain, server: PostgresServer, disk: string | null) {
    this.#random = random;
    this.#chain = chain;
    this.#server = server;
    this.#disk = disk;
  }

  async killOne(): Promise<void> {
    await sleep(100 + this.#random(900));
    if (this.#disk !== null && chance(this.#random, 0.1)) await this.#fillDisk(this.#disk);
    const dice = this.#random(10);
    if (dice < 5) await this.#killNode();
    else if (dice < 8) await this.#killConsole();
    else await this.#killServer();
  }

  async #killNode(): Promise<void> {
    const { nodes } = this.#chain;
    const node = nodes[this.#random(nodes.length)];
    if (node === undefined) return;
    const until = performance.now() - SAFE_MS;
    await node.program.kill();
    this.kills.node++;
    this.keepSafe(node, until);
    this.#tear(join(node.folder, "spool"), ".seg");
    await sleep(this.#random(300));
    this.reopened.push(await node.program.start(this.#jump()));
  }

  async #killConsole(): Promise<void> {
    await this.#chain.console.kill();
    this.kills.console++;
    this.#tear(join(this.#chain.data, "log"), ".segment");
    await sleep(this.#random(1000));
    this.reopened.push(await this.#chain.console.start(this.#jump()));
  }

  async #killServer(): Promise<void> {
    await this.#server.kill();
    this.kills.postgres++;
    await sleep(this.#random(2000));
    await this.#server.resume();
  }

  /** What was answered before then is on disk, or was sent before. */
  keepSafe(node: ChainNode, until: number): void {
    for (const [ref, at] of node.shown) {
      if (at <= until) this.safe.add(ref);
      node.shown.delete(ref);
    }
  }

  #jump(): number {
    if (chance(this.#random, 0.7)) return 0;
    this.clockJumps++;
    return this.#random(2 * HOUR_MS) - HOUR_MS;
  }

  /** What an interrupted write leaves behind the last entry. */
  #tear(folder: string, end: string): void {
    const name = newestFile(readdirSync(folder), end);
    if (name === undefined || chance(this.#random, 0.5)) return;
    const garbage = Buffer.from(Array.from({ length: 1 + this.#random(3000) }, () => this.#random(256)));
    try {
      appendFileSync(join(folder, name), chance(this.#random, 0.5) ? garbage : Buffer.alloc(garbage.length));
      this.torn++;
    } catch {
      // The disk is full.
    }
  }

  async #fillDisk(disk: string): Promise<void> {
    const path = join(disk, "filler");
    const piece = Buffer.alloc(1 << 20);
    writeFileSync(path, "");
    try {
      for (;;) appendFileSync(path, piece);
    } catch {
      this.fullDisks++;
    }
    await sleep(500 + this.#random(2000));
    rmSync(path);
  }
}

function mountDisk(path: string): boolean {
  mkdirSync(path, { recursive: true });
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", path]).status === 0;
}

async function soak(folder: string, seed: number): Promise<Outcome> {
  const programs = await postgresPrograms();
  if ("missing" in programs) throw new Error(programs.missing);
  const disk = join(folder, "disk");
  const hasDisk = mountDisk(disk);
  if (!hasDisk) process.stdout.write("no small disk can be mounted here: full disks are left out\n");
  const server = await PostgresServer.start(programs.found);
  const database = await server.createDatabase();
  // Only the console's disk is full: what a node holds in memory meanwhile is not safe, and is not said to be.
  const chain = await startChain(join(folder, "chain"), database, NODES, join(disk, "data"));
  try {
    const killer = new Killer(createRandom(seed), chain, server, hasDisk ? disk : null);
    const attackers = new Attackers(chain.nodes, 4, PAUSE_MS);
    const began = performance.now();
    for (let kill = 0; kill < KILLS; kill++) {
      await killer.killOne();
      if (kill % 10 === 9) process.stdout.write(`${kill + 1} kills, ${killer.safe.size} records safe so far\n`);
    }
    await attackers.stop();
    const seconds = (performance.now() - began) / 1000;
    await sleep(SAFE_MS);
    // Nobody is killed any more: everything that was shown counts.
    for (const node of chain.nodes) killer.keepSafe(node, performance.now());
    const drainedMs = await untilDrained(chain.nodes, DRAIN_MS_MAX);
    const attacks = chain.nodes.reduce((sum, { times }) => sum + times.length, 0);
    return { ...(await judge(database, killer, attacks, seconds)), drainedMs: Math.round(drainedMs) };
  } finally {
    for (const { program } of chain.nodes) await program.kill();
    await chain.console.kill();
    await server.close();
    if (hasDisk) spawnSync("umount", [disk]);
  }
}

async function judge(
  database: string,
  killer: Killer,
  attacks: number,
  seconds: number,
): Promise<Omit<Outcome, "drainedMs">> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  let rows: { id: string }[] = [];
  let missing: string[] = [];
  // What is acknowledged is in the console's log; the database follows.
  for (let attempt = 0; attempt < 300; attempt++) {
    rows = (await client.query<{ id: string }>("select id from records")).rows;
    const there = new Set(rows.map(({ id }) => id.slice(0, 16)));
    missing = [...killer.safe].filter((ref) => !there.has(ref));
    if (missing.length === 0) break;
    await sleep(100);
  }
  await client.end();
  const ids = new Set(rows.map(({ id }) => id));
  const reopened = killer.reopened.toSorted((a, b) => a - b);
  if (missing.length > 0) process.stdout.write(`lost: ${missing.slice(0, 20).join(" ")}\n`);
  return {
    ...{ kills: killer.kills, torn: killer.torn, fullDisks: killer.fullDisks, clockJumps: killer.clockJumps, attacks },
    ...{ perSecond: Math.round(attacks / seconds), acknowledged: killer.safe.size, lost: missing.length },
    ...{ stored: rows.length, visibleTwice: rows.length - ids.size },
    reopenMsMedian: Math.round(reopened[reopened.length >> 1] ?? 0),
    reopenMsMost: Math.round(reopened.at(-1) ?? 0),
    reopenedLate: reopened.filter((ms) => ms > REOPEN_MS_MAX).length,
  };
}

const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
process.stdout.write(`seed ${seed}, ${KILLS} kills\n`);
const folder = mkdtempSync(join(tmpdir(), "merlon-kills-"));
try {
  const outcome = await soak(folder, seed);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  // How long a start takes is printed and not judged: it is the machine's other work too.
  process.exitCode = outcome.lost === 0 && outcome.visibleTwice === 0 && outcome.acknowledged > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
