/**
 * `merlon <command>`: finds the command, runs it, and turns every error into one line that says what, why and how to
 * go on. Exit codes: 0 done, 1 the command found something or could not do its work, 2 the command line or a
 * configuration is wrong.
 */
import manifest from "../../package.json" with { type: "json" };
import { type ErrorCode, MerlonError } from "../core/error.ts";
import { suggestion } from "../policy/nearest.ts";
import { agentCommand } from "./agent.ts";
import { apiCommand } from "./api.ts";
import { attacksCommand } from "./attacks.ts";
import { type Command, type Io, parseInput, usage } from "./command.ts";
import { connectorCommand } from "./connector.ts";
import { consoleCommand } from "./console.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exceptionCommand } from "./exception.ts";
import { explainCommand } from "./explain.ts";
import { extprocCommand } from "./extproc.ts";
import { commandHelp, programHelp } from "./help.ts";
import { importCommand } from "./import.ts";
import { ipCommand } from "./ip.ts";
import { migrateCommand } from "./migrate.ts";
import { nodeCommand } from "./node.ts";
import { policyCommand } from "./policy.ts";
import { protectCommand } from "./protect.ts";
import { storeCommand } from "./store.ts";
import { testCommand } from "./test.ts";
import { showWord } from "./text.ts";

/** All commands, in the order of help. */
export const COMMANDS: readonly Command[] = [
  demoCommand,
  protectCommand,
  extprocCommand,
  agentCommand,
  connectorCommand,
  consoleCommand,
  attacksCommand,
  apiCommand,
  doctorCommand,
  testCommand,
  explainCommand,
  policyCommand,
  exceptionCommand,
  ipCommand,
  importCommand,
  migrateCommand,
  nodeCommand,
  evaluateCommand,
  storeCommand,
];

/** Errors that are about what was written, not about the world. */
const WRITTEN: ReadonlySet<ErrorCode> = new Set([
  "MERLON_USAGE",
  "MERLON_POLICY",
  "MERLON_UPSTREAM",
  "MERLON_TLS",
  "MERLON_SEARCH",
]);

/**
 * Runs a command line.
 * @param args what follows `merlon`
 * @returns the exit code; never throws
 */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    return report(error, io);
  }
}

async function dispatch([name, ...rest]: readonly string[], io: Io): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(rest, io);
  if (name === "--version" || name === "-v" || name === "version") {
    io.stdout.write(`merlon ${manifest.version}\n`);
    return 0;
  }
  const command = findCommand(name);
  const input = parseInput(command, rest);
  if (input.flag("help")) {
    io.stdout.write(commandHelp(command));
    return 0;
  }
  return await command.run(input, io);
}

function help([name, extra]: readonly string[], io: Io): number {
  if (extra !== undefined)
    throw usage(`"${showWord(extra)}" is too much`, "help is for one command", `write "merlon help"`);
  io.stdout.write(name === undefined ? programHelp(COMMANDS) : commandHelp(findCommand(name)));
  return 0;
}

function findCommand(name: string): Command {
  const command = COMMANDS.find((known) => known.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((known) => known.name);
  const isFlag = name.startsWith("-");
  const fix = isFlag ? `write the command first, as in "merlon protect ${showWord(name)}"` : suggestion(name, names);
  throw usage(
    `unknown ${isFlag ? "flag" : "command"} ${showWord(name)}`,
    `the commands are ${[...names, "help"].join(", ")}`,
    fix || 'see "merlon help"',
  );
}

function report(error: unknown, io: Io): number {
  if (error instanceof MerlonError) {
    io.stderr.write(`merlon: ${error.message}\n`);
    return WRITTEN.has(error.code) ? 2 : 1;
  }
  // Our own mistake. The message is not shown unasked: it may quote what was being looked at.
  const name = error instanceof Error ? error.name : typeof error;
  const [, ...frames] = error instanceof Error ? (error.stack ?? "").split("\n    at ") : [];
  const where = frames.slice(0, 4).map((frame) => `    at ${showWord(frame)}\n`);
  io.stderr.write(
    `merlon: internal error — ${showWord(name)}; please report it with the lines below\n${where.join("")}`,
  );
  return 1;
}
