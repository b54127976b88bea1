/**
 * Everything that can be judged without running Merlon: `npm run check`. All checks run even if one fails, so that one
 * run names all that is to be mended.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** The check applies only where this file exists. */
  readonly needs?: string;
}

/** AssemblyScript zeroes every field, so what TypeScript demands of a constructor is no concern there. */
const FOR_CORE = ["--noEmit", "--strictPropertyInitialization", "false"];

const CHECKS: readonly Check[] = [
  { name: "types of hosts, test and fuzz", command: ["tsc", "-p", "."] },
  { name: "types of the core", command: ["tsc", "-p", "assembly", ...FOR_CORE], needs: "assembly/tsconfig.json" },
  { name: "lint and format", command: ["biome", "ci", "--error-on-warnings"] },
  {
    name: "generated tables are up to date",
    command: ["node", "assembly/tables/generate.ts", "--check"],
    needs: "assembly/tables/generate.ts",
  },
  { name: "style", command: ["vitest", "run", "test/tidy.test.ts"] },
];

const failed: string[] = [];
for (const { name, command, needs } of CHECKS) {
  if (needs !== undefined && !existsSync(join(ROOT, needs))) continue;
  const started = performance.now();
  const [file = "", ...args] = command;
  const { status } = spawnSync(file, args, { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) failed.push(name);
  process.stdout.write(`${status === 0 ? "ok  " : "FAIL"} ${name}, ${Math.round(performance.now() - started)} ms\n`);
}
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join("; ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
