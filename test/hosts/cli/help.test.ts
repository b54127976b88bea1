/** Help: complete, and true to what the commands accept. */
import { expect, test } from "vitest";
import { parseInput } from "../../../hosts/cli/command.ts";
import { commandHelp } from "../../../hosts/cli/help.ts";
import { COMMANDS } from "../../../hosts/cli/program.ts";
import { run } from "./stage.ts";

test.each(COMMANDS)("of $name names every flag and what it takes", async (command) => {
  const help = commandHelp(command);
  expect(await run(["help", command.name])).toEqual({ code: 0, stdout: help, stderr: "" });
  expect(await run([command.name, "--help"])).toEqual({ code: 0, stdout: help, stderr: "" });
  for (const [name, { type, value, about }] of Object.entries(command.options)) {
    expect(help).toContain(type === "string" ? `--${name} ${value}` : `--${name}`);
    expect(help).toContain(about);
  }
  for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});

test.each(COMMANDS)("of $name gives examples that are understood", (command) => {
  expect(command.examples.length).toBeGreaterThan(0);
  for (const example of command.examples) {
    const [line = ""] = example.split(/ [>|] /);
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
    expect(words.slice(0, 2)).toEqual(["merlon", command.name]);
    expect(() => parseInput(command, words.slice(2))).not.toThrow();
  }
});
