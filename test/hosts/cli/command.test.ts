/** Command lines: what is understood, and that nothing else runs. */
import { describe, expect, test } from "vitest";
import { type Command, parseInput } from "../../../hosts/cli/command.ts";
import { MerlonError } from "../../../hosts/core/error.ts";

const COMMAND: Command = {
  name: "sail",
  summary: "sail",
  usage: "<port>… [flags]",
  least: 1,
  most: 2,
  options: {
    speed: { type: "string", short: "s", value: "<knots>", about: "how fast" },
    mast: { type: "string", multiple: true, about: "may be repeated" },
    flag: { type: "boolean", about: "a switch" },
    "under-sail": { type: "boolean", about: "a switch of two words" },
  },
  details: "",
  examples: [],
  run: async () => 0,
};

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof MerlonError && error.code === "MERLON_USAGE") return error.message;
    throw error;
  }
  return "no error";
}

describe("a command line", () => {
  test.each([
    { args: ["oslo", "--speed", "7"], speed: "7" },
    { args: ["--speed=7", "oslo"], speed: "7" },
    { args: ["-s", "7", "oslo"], speed: "7" },
    { args: ["-s7", "oslo"], speed: "7" },
    { args: ["oslo"], speed: undefined },
  ])("$args", ({ args, speed }) => {
    const input = parseInput(COMMAND, args);
    expect(input.positionals).toEqual(["oslo"]);
    expect(input.text("speed")).toBe(speed);
  });

  test("takes switches, repeated flags, numbers and choices", () => {
    const input = parseInput(COMMAND, ["a", "b", "--flag", "--mast", "x", "--mast=y", "--speed", "12"]);
    expect(input.flag("flag")).toBe(true);
    expect(input.flag("under-sail")).toBe(false);
    expect(input.texts("mast")).toEqual(["x", "y"]);
    expect(input.integer("speed", 1, 20, 5)).toBe(12);
    expect(parseInput(COMMAND, ["a"]).integer("speed", 1, 20, 5)).toBe(5);
    expect(input.choice("speed", ["12", "13"])).toBe("12");
  });

  test("takes what follows -- as an argument, and help without arguments", () => {
    expect(parseInput(COMMAND, ["--", "--speed"]).positionals).toEqual(["--speed"]);
    expect(parseInput(COMMAND, ["--help"]).flag("help")).toBe(true);
    expect(parseInput(COMMAND, ["-h"]).flag("help")).toBe(true);
  });
});

describe("a command line that cannot be understood", () => {
  test.each([
    { args: ["oslo", "--sped", "7"], says: ["unknown flag --sped", '"--speed"?'] },
    { args: ["oslo", "--undersail"], says: ["unknown flag --undersail", '"--under-sail"?'] },
    { args: ["oslo", "--warp"], says: ["unknown flag --warp", "merlon help sail"] },
    { args: ["oslo", "-x"], says: ["unknown flag -x"] },
    { args: ["oslo", "--constructor"], says: ["unknown flag --constructor"] },
    { args: ["oslo", "--__proto__=1"], says: ["unknown flag --__proto__"] },
    { args: ["oslo", "--speed"], says: ["--speed has no value", "--speed <knots>"] },
    { args: ["oslo", "--speed", "1", "--speed", "2"], says: ["--speed is given twice"] },
    { args: ["oslo", "--flag=yes"], says: ["--flag has a value", "write --flag alone"] },
    { args: [], says: ["something is missing", '"merlon sail <port>… [flags]"'] },
    { args: ["a", "b", "c\u001b[2J"], says: ['"c\\u{1b}[2J" is one argument too many', "at most 2"] },
  ])("$args says why and what to do", ({ args, says }) => {
    const message = messageOf(() => parseInput(COMMAND, args));
    for (const part of says) expect(message).toContain(part);
    expect(message).toMatch(/ — .*; /);
  });

  test.each(["0", "21", "x", "1.5", "-1", "1e1", "", "9".repeat(13)])("--speed %s is out of range", (speed) => {
    const input = parseInput(COMMAND, ["oslo", `--speed=${speed}`]);
    expect(messageOf(() => input.integer("speed", 1, 20, 5))).toContain("a whole number from 1 to 20");
  });

  test("a choice that is none names the nearest", () => {
    const input = parseInput(COMMAND, ["oslo", "--speed", "ful"]);
    expect(messageOf(() => input.choice("speed", ["half", "full"]))).toContain('did you mean "full"?');
  });
});
