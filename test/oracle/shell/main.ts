/** The adaptive attacker as a command: `node test/oracle/shell/main.ts [values] [rounds] [seed]`. */
import { Detection } from "../detection.ts";
import { runCampaign } from "./attacker.ts";
import { openJail } from "./jail.ts";

const [values = 300, rounds = 3, seed = 1] = process.argv.slice(2).map(Number);
const jail = openJail();
if ("missing" in jail) {
  process.stderr.write(`${jail.missing}\n`);
  process.exitCode = 1;
} else {
  try {
    const { attacks, bypasses } = runCampaign(jail.found, new Detection(), seed, values, rounds);
    for (const value of bypasses) process.stdout.write(`${JSON.stringify(value)}\n`);
    const share = ((100 * bypasses.length) / attacks).toFixed(2);
    process.stdout.write(`${attacks} attacks, ${bypasses.length} bypasses (${share} %)\n`);
  } finally {
    jail.found.close();
  }
}
