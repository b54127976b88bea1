/**
 * `node test/oracle/main.ts [--cases 300] [--queries 1000] [--seed 1]`: runs the adaptive attacker against this build
 * of Merlon (`node hosts/build.ts`) with every engine that can be had, and prints what passed.
 */
import { parseArgs } from "node:util";
import { attackAdaptively } from "./adaptive.ts";
import { openEngines } from "./engines.ts";
import { Merlon } from "./merlon.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "300" },
    queries: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
  },
});
const opened = await openEngines();
for (const { missing } of opened.missing) process.stdout.write(`without ${missing}\n`);
const budget = { cases: Number(values.cases), queries: Number(values.queries), seed: Number(values.seed) };
const { cases, queries, bypasses } = await attackAdaptively(new Merlon(), opened.engines, budget);
for (const { value, effect, queries: took } of bypasses) {
  const where = `${effect.dialect}, ${effect.template.name}, ${effect.effect}, after ${took}`;
  process.stdout.write(`${JSON.stringify(value)}  (${where})\n`);
}
const rate = ((100 * bypasses.length) / cases).toFixed(2);
process.stdout.write(
  `seed ${budget.seed}: ${bypasses.length} of ${cases} cases bypass, ${rate} %, ${queries} requests\n`,
);
for (const engine of opened.engines) await engine.close();
