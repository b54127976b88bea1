/**
 * R7: the store is away, `node test/soak/away.ts [seconds]`, 600 if not given. Nodes go on answering while the console
 * and its PostgreSQL are dead, keep what they find, and hand it over when both are back. Prints how long answers took
 * before and meanwhile, how long the rest took, and ends with 1 where a record is missing or it took too long.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { PostgresServer, postgresPrograms } from "../tools/postgres.ts";
import { Attackers, type Chain, metricOf, startChain, untilDrained } from "./chain.ts";

const AWAY_SECONDS = Number(process.argv[2] ?? 600);
const BEFORE_MS = 20_000;
const DRAIN_MS_MAX = 120_000;
/** Between two attacks of one attacker. */
const PAUSE_MS = 20;
const ATTACKERS = 4;
const STORED_WAIT_MS = 60_000;

interface Times {
  readonly answers: number;
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds of the answers since the last call. */
function takeTimes({ nodes }: Chain): Times {
  const times = nodes.flatMap((node) => node.times.splice(0)).sort((a, b) => a - b);
  const at = (share: number): number => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2));
  return { answers: times.length, p50: at(0.5), p99: at(0.99) };
}

async function sumOf({ nodes }: Chain, name: string): Promise<number> {
  const values = await Promise.all(nodes.map((node) => metricOf(node, name)));
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

async function missingOf(chain: Chain, database: string): Promise<number> {
  const shown = chain.nodes.flatMap((node) => [...node.shown.keys()]);
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const until = performance.now() + STORED_WAIT_MS;
  let missing = shown.length;
  while (missing > 0 && performance.now() < until) {
    const { rows } = await client.query<{ id: string }>("select id from records");
    const there = new Set(rows.map(({ id }) => id.slice(0, 16)));
    missing = shown.filter((ref) => !there.has(ref)).length;
    if (missing > 0) await sleep(500);
  }
  await client.end();
  return missing;
}

async function soak(folder: string): Promise<boolean> {
  const programs = await postgresPrograms();
  if ("missing" in programs) throw new Error(programs.missing);
  const server = await PostgresServer.start(programs.found);
  const database = await server.createDatabase();
  const chain = await startChain(folder, database, 1);
  try {
    const attackers = new Attackers(chain.nodes, ATTACKERS, PAUSE_MS);
    await sleep(BEFORE_MS);
    const before = takeTimes(chain);
    await chain.console.kill();
    await server.kill();
    await sleep(AWAY_SECONDS * 1000);
    const meanwhile = takeTimes(chain);
    const waiting = {
      bytes: await sumOf(chain, "waf_spool_bytes"),
      failed: await sumOf(chain, "waf_export_failed_total"),
    };
    await server.resume();
    await chain.console.start();
    // Attackers go on: the rest arrives beside what is new.
    const began = performance.now();
    await sleep(1000);
    await attackers.stop();
    const drained = await untilDrained(chain.nodes, 10 * DRAIN_MS_MAX);
    const drainedMs = Math.round(performance.now() - began);
    const dropped = await sumOf(chain, "waf_records_dropped_total");
    const missing = await missingOf(chain, database);
    const outcome = { awaySeconds: AWAY_SECONDS, before, meanwhile, waiting, drainedMs, dropped, missing };
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    return missing === 0 && dropped === 0 && drained <= DRAIN_MS_MAX && meanwhile.answers > 0;
  } finally {
    for (const { program } of chain.nodes) await program.kill();
    await chain.console.kill();
    await server.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), "merlon-away-"));
try {
  process.exitCode = (await soak(join(folder, "chain"))) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
