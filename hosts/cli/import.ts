/** `merlon import`: rules of other engines become rules of a policy; what has no counterpart is told line by line. */

import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { MerlonError } from "../core/error.ts";
import { readDirectives, type Sources } from "../policy/seclang/directives.ts";
import { policyYaml, withinRoom } from "../policy/seclang/policy-yaml.ts";
import { type Imported, translate } from "../policy/seclang/translate.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { count, showWord } from "./text.ts";

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const LINE_CHARS_MAX = 400;

/** The command. */
export const importCommand: Command = {
  name: "import",
  summary: "turn the SecLang rules of ModSecurity or Coraza into rules of a policy",
  usage: "seclang <file>… [flags]",
  least: 2,
  most: 512,
  options: {
    out: { type: "string", value: "<file>", about: "write the policy there; standard output if not given" },
    paranoia: { type: "string", value: "<1-4>", about: "highest level whose rules are taken; 1 if not given" },
    type: { type: "string", value: "<type>", about: 'what records call rules without tags; "custom" if not given' },
    "allow-partial": { type: "boolean", about: "exit code 0 also where rules were left out" },
  },
  details: [
    "Every rule that has a counterpart becomes one, with a comment that names its place. Every other is told on stderr",
    "with its place, why, and what to do instead. Rules that look at more than was written are experimental: they are",
    "reported and block nothing until you delete that word. docs/import.md has the list of what is carried over.",
    "Exit code 0: everything was carried over; 1: some rules were not.",
  ].join("\n"),
  examples: [
    "merlon import seclang modsecurity.conf --out rules.yaml",
    "merlon import seclang 'rules/*.conf' --paranoia 2 --out rules.yaml --allow-partial",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [language = "", ...written] = input.positionals;
  if (language !== "seclang") {
    throw usage(
      `"${showWord(language)}" is nothing that import reads`,
      "it takes seclang",
      "write merlon import seclang",
    );
  }
  const type = input.text("type") ?? "custom";
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(type)) {
    throw usage(`--type is "${showWord(type)}"`, "it takes an attack type", "write one such as custom");
  }
  const paths = written.flatMap((pattern) => filesOf(pattern, "."));
  const options = { paranoia: input.integer("paranoia", 1, 4, 1), type };
  const imported = withinRoom(await translate(await readDirectives(paths, FILES), FILES, options));
  const { rules, refusals } = imported;
  for (const { file, line, text } of refusals) io.stderr.write(`${showLine(`${file}:${line}: ${text}`)}\n`);
  for (const { file, line, notes, name } of rules) {
    for (const note of notes) io.stderr.write(`${showLine(`${file}:${line}: note: ${name}: ${note}`)}\n`);
  }
  const out = input.text("out");
  if (out === undefined) io.stdout.write(policyYaml(imported));
  else await save(out, policyYaml(imported));
  io.stderr.write(`${summaryOf(imported)}\n`);
  const isWhole = refusals.every(({ kind }) => kind === "covered" || kind === "setting");
  return isWhole || input.flag("allow-partial") ? 0 : 1;
}

function summaryOf({ rules, refusals, read, aside }: Imported): string {
  const of = (kind: string): number => refusals.filter((refusal) => refusal.kind === kind).length;
  const parts = [
    `${count(rules.length)} of ${count(read)} rules imported`,
    `${count(rules.filter(({ experimental }) => experimental).length)} of them experimental`,
    `${count(of("covered"))} need none`,
    `${count(of("rule"))} have no counterpart`,
    ...(of("room") === 0 ? [] : [`${count(of("room"))} have no room`]),
    ...(aside === 0 ? [] : [`${count(aside)} are removed or above the level of paranoia`]),
    `${count(of("setting"))} settings left out`,
  ];
  return parts.join(", ");
}

/** One line for a terminal, however long a pattern is. */
function showLine(text: string): string {
  const shown = text.replace(/[\p{C}\u2028\u2029]/gu, "?");
  return shown.length > LINE_CHARS_MAX ? `${shown.slice(0, LINE_CHARS_MAX)}…` : shown;
}

const FILES: Sources = {
  async read(path) {
    try {
      const content = await readFile(path);
      if (content.length <= FILE_BYTES_MAX) return content.toString("utf8");
    } catch (cause) {
      throw new MerlonError("MERLON_INPUT", `${showWord(path)} cannot be read — check the path`, { cause });
    }
    throw new MerlonError("MERLON_INPUT", `${showWord(path)} is too large — rules take less than 16 MiB; split it`);
  },
  find(pattern, from) {
    return Promise.resolve(filesOf(pattern, dirname(from)));
  },
};

/** Files of a pattern in the order of their names; a name without wildcards is itself, whether or not it is there. */
function filesOf(pattern: string, folder: string): string[] {
  const path = isAbsolute(pattern) ? pattern : join(folder, pattern);
  if (!/[*?[]/.test(path)) return [path];
  return globSync(path).sort();
}

async function save(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new MerlonError("MERLON_INPUT", `${showWord(path)} cannot be written — check the path`, { cause });
  }
}
