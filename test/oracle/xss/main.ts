/**
 * The browser against the core, for as long as one likes:
 * `node test/oracle/xss/main.ts [--seed 1] [--generated 400] [--cases 60] [--queries 30]`. Prints what runs and passes,
 * and what is harmless and blocked; ends with 1 where the bypass rate is above 1 %.
 */
import { parseArgs } from "node:util";
import { Engine } from "../../../hosts/core/engine.ts";
import { browser, closeBrowser } from "../../tools/browser.ts";
import { attack } from "./attacker.ts";
import { compare } from "./comparison.ts";
import { XssOracle } from "./xss-oracle.ts";

const BYPASS_SHARE_MAX = 0.01;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    generated: { type: "string", default: "400" },
    cases: { type: "string", default: "60" },
    queries: { type: "string", default: "30" },
  },
});
const component = await browser();
if ("missing" in component) {
  process.stderr.write(`${component.missing}\n`);
  process.exitCode = 2;
} else {
  const engine = Engine.load();
  const oracle = await XssOracle.open(component.found);
  const seed = Number(values.seed);
  const compared = await compare(engine, oracle, {
    seed,
    attacks: Number(values.generated),
    misses: Number(values.generated),
  });
  process.stdout.write(
    `generated: ${compared.ran} of ${compared.attacks} run, ${compared.passed.length} of them pass\n`,
  );
  for (const one of compared.passed) process.stdout.write(`  passes ${JSON.stringify(one)}\n`);
  process.stdout.write(`harmless: ${compared.harmless}, ${compared.blocked.length} of them blocked\n`);
  for (const one of compared.blocked) process.stdout.write(`  blocked ${JSON.stringify(one)}\n`);
  const report = await attack(engine, oracle, { seed, cases: Number(values.cases), queries: Number(values.queries) });
  const share = report.bypasses.length / Math.max(1, report.cases);
  process.stdout.write(
    `attacker: ${report.cases} cases, ${report.queries} queries, ${report.ran} ran, ${report.bypasses.length} past\n`,
  );
  for (const one of report.bypasses) process.stdout.write(`  past ${JSON.stringify(one)}\n`);
  if (share > BYPASS_SHARE_MAX) process.exitCode = 1;
  await oracle.close();
  await closeBrowser();
}
