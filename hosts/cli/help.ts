/** Help texts, made from what the commands say of themselves. */
import { type Command, type Option, SHARED_OPTIONS } from "./command.ts";

/** Help for all commands. */
export function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length), "help".length);
  const line = (name: string, summary: string): string => `  ${name.padEnd(width)}  ${summary}\n`;
  return [
    "merlon <command> [flags]\n\n",
    ...commands.map(({ name, summary }) => line(name, summary)),
    line("help", "what a command does: merlon help <command>"),
    "\nFrom a checkout: npm run -s merlon -- <command> [flags]\n",
  ].join("");
}

/** Help for one command. */
export function commandHelp({ name, usage, summary, details, options, examples }: Command): string {
  const rows = Object.entries({ ...options, ...SHARED_OPTIONS }).map(([flag, option]) => ({
    flag: flagText(flag, option),
    about: option.about,
  }));
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  return [
    `merlon ${name} ${usage}\n\n${capitalised(summary)}.\n`,
    details === "" ? "" : `\n${details}\n`,
    "\nFlags\n",
    ...rows.map(({ flag, about }) => `  ${flag.padEnd(width)}  ${about}\n`),
    examples.length === 0 ? "" : `\nExamples\n${examples.map((example) => `  ${example}\n`).join("")}`,
  ].join("");
}

function flagText(name: string, { short, value, type }: Option): string {
  const long = type === "string" ? `--${name} ${value ?? "<value>"}` : `--${name}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
