/**
 * What a command of `merlon` is, and how its command line is read: strictly, so that a misspelt flag never runs as
 * something else, and with errors that name the flag that was probably meant.
 */
import type { Readable, Writable } from "node:stream";
import { parseArgs } from "node:util";
import { MerlonError } from "../core/error.ts";
import { suggestion } from "../policy/nearest.ts";
import { showWord } from "./text.ts";

/** A flag. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** Name of the value in help: `<file>`. */
  readonly value?: string;
  readonly about: string;
}

/** What a command reads and writes. stdout is for results alone. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Whether stderr is a terminal, where a line may be overwritten. */
  readonly interactive: boolean;
}

/** One command. */
export interface Command {
  readonly name: string;
  /** What it does, in one line of help. */
  readonly summary: string;
  /** What stands after the name: `<file>… [flags]`. */
  readonly usage: string;
  /** How many arguments that are no flags it takes. */
  readonly least: number;
  readonly most: number;
  readonly options: Readonly<Record<string, Option>>;
  /** Paragraphs of help, and lines that can be copied. */
  readonly details: string;
  readonly examples: readonly string[];
  /** @returns the exit code */
  run(input: Input, io: Io): Promise<number>;
}

/** Flags that every command has. */
export const SHARED_OPTIONS: Readonly<Record<string, Option>> = {
  help: { type: "boolean", short: "h", about: "show what the command does" },
};

/** A command line that was understood. */
export class Input {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, readonly (string | true)[]>;

  constructor(positionals: readonly string[], values: ReadonlyMap<string, readonly (string | true)[]>) {
    this.positionals = positionals;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.[0];
    return value === true ? undefined : value;
  }

  texts(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => value !== true);
  }

  /** @throws MerlonError MERLON_USAGE when the value is no whole number of the range */
  integer(name: string, least: number, most: number, otherwise: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw usage(`--${name} is "${showWord(text)}"`, `it takes a whole number from ${least} to ${most}`, "write one");
  }

  /** @throws MerlonError MERLON_USAGE when the value is none of the choices */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text === undefined || found !== undefined) return found;
    const fix = suggestion(text, choices) || "write one of them";
    throw usage(`--${name} is "${showWord(text)}"`, `it takes ${choices.join(", ")}`, fix);
  }
}

/** @returns an error of the command line: what, why and the fix */
export function usage(what: string, why: string, fix: string): MerlonError {
  return new MerlonError("MERLON_USAGE", `${what} — ${why}; ${fix}`);
}

/**
 * Reads the arguments after a command's name.
 * @throws MerlonError MERLON_USAGE naming the flag or argument
 */
export function parseInput(command: Command, args: readonly string[]): Input {
  const options = { ...command.options, ...SHARED_OPTIONS };
  const described = Object.entries(options).map(([name, { type, short }]) => {
    return [name, { type, multiple: true, ...(short === undefined ? {} : { short }) }] as const;
  });
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(described),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const positionals: string[] = [];
  const values = new Map<string, (string | true)[]>();
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknownFlag(command, rawName, name, Object.keys(options));
    const earlier = values.get(name) ?? [];
    if (earlier.length > 0 && option.multiple !== true && option.type === "string") {
      throw usage(`${rawName} is given twice`, "it takes one value", "keep one of them");
    }
    earlier.push(valueOfFlag(option, rawName, token.value));
    values.set(name, earlier);
  }
  if (!values.has("help")) checkCount(command, positionals);
  return new Input(positionals, values);
}

function valueOfFlag(option: Option, rawName: string, value: string | undefined): string | true {
  if (option.type === "boolean") {
    if (value === undefined) return true;
    throw usage(`${rawName} has a value`, "it is a switch", `write ${rawName} alone`);
  }
  const wanted = `write ${rawName} ${option.value ?? "<value>"}`;
  if (value === undefined) throw usage(`${rawName} has no value`, "it needs one", wanted);
  return value;
}

function unknownFlag(command: Command, rawName: string, name: string, known: readonly string[]): MerlonError {
  const near = suggestion(name, known);
  const fix = near === "" ? `see "merlon help ${command.name}"` : near.replace(/"(.*)"/, '"--$1"');
  return usage(`unknown flag ${showWord(rawName)}`, `"merlon ${command.name}" has no such flag`, fix);
}

function checkCount({ name, usage: after, least, most }: Command, positionals: readonly string[]): void {
  const form = `write "merlon ${name} ${after}"`;
  if (positionals.length < least) {
    throw usage("something is missing", `"merlon ${name}" needs ${after.split(" ")[0]}`, form);
  }
  const extra = positionals[most];
  if (extra !== undefined) {
    const takes = most === 0 ? "no arguments" : most === 1 ? "one" : `at most ${most}`;
    throw usage(`"${showWord(extra)}" is one argument too many`, `"merlon ${name}" takes ${takes}`, form);
  }
}
