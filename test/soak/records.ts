/**
 * The long form of what test/hosts/records shows in short: `node test/soak/records.ts [kills] [crashes] [seed]` kills a
 * real node so many times, and crashes the simulated disk so many times in each of three worlds. Prints what came of it
 * and ends with 1 where a record was lost.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killOften } from "../hosts/records/killing.ts";
import { randomBy } from "../hosts/records/spool/simulated-disk.ts";
import { live } from "../hosts/records/spool/simulation.ts";

const WORLDS = [
  { faults: 0, power: 0, records: 40 },
  { faults: 0, power: 1, records: 40 },
  { faults: 0.05, power: 0.5, records: 40 },
];

const [kills = 50, crashes = 5000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
process.stdout.write(`seed ${seed}\n`);
let lost = 0;
for (const world of WORLDS) {
  const lives = await live(randomBy(seed), crashes, world);
  lost += lives.lost.length + lives.miscounted;
  process.stdout.write(`${JSON.stringify({ world, ...lives })}\n`);
}
const folder = mkdtempSync(join(tmpdir(), "merlon-soak-"));
const killed = await killOften(randomBy(seed), kills, folder);
rmSync(folder, { recursive: true, force: true });
lost += killed.lost.length + killed.faults.length;
process.stdout.write(`${JSON.stringify(killed)}\n`);
process.exitCode = lost === 0 ? 0 : 1;
