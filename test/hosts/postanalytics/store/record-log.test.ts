/**
 * Records that were acknowledged survive: processes that are killed while batches arrive, a database that is killed and
 * comes back, writes that tear. Seeded; `MERLON_KILLS=500` runs the long form.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, type TestContext, test } from "vitest";
import { DATABASE_FILE, LOG_FOLDER } from "../../../../hosts/postanalytics/store/data-folder.ts";
import { checkStore } from "../../../../hosts/postanalytics/store/rebuild.ts";
import { RecordLog } from "../../../../hosts/postanalytics/store/record-log.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { chance, createRandom, type Random } from "../../../bench/random.ts";
import { RecordSource } from "../../../bench/record-source.ts";
import { sampleRecord } from "../../records/sample.ts";
import { DIALECTS, type Dialect, emptyDatabase, openDialect, postgresServer, temporaryFolder } from "./stage.ts";

const KILLS = Number(process.env["MERLON_KILLS"] ?? 6);
const SEED = Number(process.env["MERLON_SEED"] ?? Math.floor(Math.random() * 1e9));
/** Long enough for the long form on a busy machine. */
const TEST_TIMEOUT_MS = 60_000 + KILLS * 20_000;
const OPEN_CPU_MS_MAX = 5_000;
const PROGRAM = join(import.meta.dirname, "crash-process.ts");
const SENDERS = 3;

/** A store in a process of its own. */
class StoreProcess {
  readonly port: number;
  readonly openCpuMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, openCpuMs: number) {
    this.#child = child;
    this.port = port;
    this.openCpuMs = openCpuMs;
  }

  static async start(folder: string, address: string): Promise<StoreProcess> {
    const child = spawn(process.execPath, [PROGRAM, folder, address], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([once(lines, "line"), once(child, "exit").then(() => ["{}"])]);
    const { port = 0, openCpuMs = 0 }: { port?: number; openCpuMs?: number } = JSON.parse(String(line));
    return new StoreProcess(child, port, openCpuMs);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/** A node: sends its batches until each is acknowledged, as a spool does. */
class Sender {
  readonly acknowledged: string[] = [];
  readonly #name: string;
  readonly #source: RecordSource;
  readonly #random: Random;
  #pending: AttackRecord[] = [];

  constructor(name: string, random: Random) {
    this.#name = name;
    this.#random = random;
    const now = Date.now();
    this.#source = new RecordSource(random, now - 86_400_000, now, 20_000);
  }

  /** @returns whether the batch was acknowledged */
  async send(port: number): Promise<boolean> {
    if (this.#pending.length === 0) {
      this.#pending = Array.from({ length: 1 + this.#random(80) }, () => this.#source.next(this.#name));
    }
    // Half of what was sent before is sent again with something new.
    const body = this.#pending.map((record) => `${JSON.stringify(record)}\n`).join("");
    try {
      const headers = { authorization: "Bearer any", "x-merlon-node": this.#name };
      const response = await fetch(`http://127.0.0.1:${port}/v1/records`, { method: "POST", headers, body });
      const answer: { stored?: number; duplicates?: number } = await response.json();
      if (response.status !== 200) return false;
      expect((answer.stored ?? 0) + (answer.duplicates ?? 0)).toBe(this.#pending.length);
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return false;
      throw error;
    }
    this.acknowledged.push(...this.#pending.map(({ id }) => id));
    const again = chance(this.#random, 0.3) ? this.#pending.slice(0, this.#random(this.#pending.length)) : [];
    this.#pending = again.length === 0 ? [] : [...again, this.#source.next(this.#name)];
    return true;
  }
}

/** What an interrupted write leaves behind the last entry. */
function tear(folder: string, random: Random): void {
  const last = readdirSync(join(folder, LOG_FOLDER))
    .filter((name) => name.endsWith(".segment"))
    .sort()
    .at(-1);
  if (last === undefined) return;
  const garbage = Buffer.from(Array.from({ length: 1 + random(5000) }, () => random(256)));
  appendFileSync(join(folder, LOG_FOLDER, last), chance(random, 0.5) ? garbage : Buffer.alloc(garbage.length));
}

async function survive(context: TestContext, dialect: Dialect, seed: number): Promise<void> {
  const random = createRandom(seed);
  const folder = temporaryFolder();
  const address = dialect === "sqlite" ? join(folder, DATABASE_FILE) : await emptyDatabase(context, dialect);
  const senders = Array.from({ length: SENDERS }, (_, i) => new Sender(`node-${i}`, createRandom(seed + i)));
  for (let kill = 0; kill < KILLS; kill++) {
    const running = await StoreProcess.start(folder, address);
    expect(running.openCpuMs).toBeLessThan(OPEN_CPU_MS_MAX);
    const isServerKilled = dialect === "postgres" && chance(random, 0.5);
    let left = 3 + random(12);
    const killed = new AbortController();
    const work = senders.map(async (sender) => {
      while (!killed.signal.aborted) {
        if ((await sender.send(running.port)) && --left <= 0) killed.abort();
        if (isServerKilled && left === 5) await (await postgresServer(context)).kill();
      }
    });
    // Killed in the middle of whatever the others are doing.
    await once(killed.signal, "abort");
    await running.kill();
    await Promise.all(work);
    if (chance(random, 0.5)) tear(folder, random);
    if (isServerKilled) await (await postgresServer(context)).resume();
  }
  const database = await openDialect(address, dialect);
  const log = await RecordLog.open(join(folder, LOG_FOLDER), database);
  await log.projection.settled();
  expect([log.projection.refused, log.projection.damaged]).toEqual([0, 0]);
  await log.close();
  const rows = await database.query("select id, count(*) as n from records group by id");
  expect(rows.filter(({ n }) => Number(n) !== 1)).toEqual([]);
  const there = new Set(rows.map(({ id }) => String(id)));
  const acknowledged = new Set(senders.flatMap((sender) => sender.acknowledged));
  expect(acknowledged.size).toBeGreaterThan(KILLS * 20);
  expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
  expect(await checkStore(join(folder, LOG_FOLDER), database)).toMatchObject({ damaged: 0, behind: 0, missing: 0 });
}

test.for(DIALECTS)(
  `what was acknowledged survives kills, in %s, seed ${SEED}`,
  { timeout: TEST_TIMEOUT_MS },
  async (dialect, context) => await survive(context, dialect, SEED),
);

test("records are kept while PostgreSQL is away, and are in it when it is back", async (context) => {
  const address = await emptyDatabase(context, "postgres");
  const database = await openDialect(address, "postgres");
  const log = await RecordLog.open(temporaryFolder(), database);
  onTestFinished(() => log.close());
  await log.append([sampleRecord()]);
  await log.projection.settled();
  const server = await postgresServer(context);
  await server.kill();
  const batch = Array.from({ length: 200 }, () => sampleRecord());
  for (let at = 0; at < batch.length; at += 20) {
    expect(await log.append(batch.slice(at, at + 20))).toEqual({ stored: 20, duplicates: 0 });
  }
  // The same once more: the log knows them, though nobody can be asked.
  expect(await log.append(batch)).toEqual({ stored: 0, duplicates: 200 });
  await server.resume();
  await log.projection.settled();
  expect(await database.query("select count(*) as n from records")).toEqual([{ n: 201 }]);
});

test("a start while PostgreSQL is away takes records, and finds the database later", async (context) => {
  const address = await emptyDatabase(context, "postgres");
  const database = await openDialect(address, "postgres");
  const server = await postgresServer(context);
  await server.kill();
  const log = await RecordLog.open(temporaryFolder(), database);
  onTestFinished(() => log.close());
  await log.append([sampleRecord(), sampleRecord()]);
  await server.resume();
  await log.projection.settled();
  expect(await database.query("select count(*) as n from records")).toEqual([{ n: 2 }]);
});

test("a batch that the disk refuses is not acknowledged, and is taken when it comes again", async (context) => {
  const database = await openDialect(await emptyDatabase(context, "sqlite"), "sqlite");
  const log = await RecordLog.open(temporaryFolder(), database, { bytesMax: 4_000 });
  onTestFinished(() => log.close());
  const batch = Array.from({ length: 20 }, () => sampleRecord());
  await expect(log.append(batch)).rejects.toMatchObject({ code: "MERLON_STORE" });
  const [first = sampleRecord()] = batch;
  expect(await log.append([first])).toEqual({ stored: 1, duplicates: 0 });
});
