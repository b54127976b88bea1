/**
 * `npm run evaluate:ledger`: the books of all signatures over all sets, the sites, and the attacks inside harmless
 * values. Compares with the committed figures and exits with 1 where something is worse.
 *
 *   --json     one object instead of tables
 *   --update   commits the figures of this run
 */
import { parseArgs } from "node:util";
import { baselineOf, findWorse, readBaseline, writeBaseline } from "./baseline.ts";
import { objectOf, tablesOf } from "./report.ts";
import { runLedger, WHOLE } from "./run.ts";
import { findSets, OPEN_SETS, readAudits } from "./sets.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, update: { type: "boolean" } } });
const { present, absent } = findSets(OPEN_SETS);
if (absent.length > 0) process.stderr.write(`not here, left out: ${absent.join(", ")}\n`);
const outcome = await runLedger({ ...WHOLE, sets: present }, readAudits());
const figures = baselineOf(outcome.books);
process.stdout.write(values.json === true ? `${JSON.stringify(objectOf(outcome), null, 2)}\n` : tablesOf(outcome));

if (values.update === true && absent.length > 0) {
  process.stderr.write("figures of some sets alone are not committed; run it where all of them are\n");
  process.exitCode = 1;
} else if (values.update === true) {
  writeBaseline(figures);
} else {
  const worse = findWorse(readBaseline(), figures);
  for (const sentence of worse) process.stderr.write(`worse: ${sentence}\n`);
  process.exitCode = worse.length === 0 ? 0 : 1;
}
