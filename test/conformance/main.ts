/**
 * Shows what the core answers to each case now, and with `--update` writes it into the case files: the difference is
 * then to be read, line by line, before it is committed. `npm run build` comes first.
 */
import { Core } from "../assembly/core.ts";
import { answerOf } from "./answer.ts";
import { type Answer, type Case, readCases, updateCases } from "./case-file.ts";

const core = new Core("release");
const answer = (one: Case): Answer => answerOf(core, one);

if (process.argv.includes("--update")) {
  const changed = updateCases(answer);
  process.stdout.write(`${changed.map((name) => `changed ${name}\n`).join("")}${changed.length} changed\n`);
} else {
  for (const one of readCases()) process.stdout.write(`${one.name}\n  ${answer(one).line}\n`);
}
