/** `merlon` as a whole: commands are found, errors are one line with a fix and an exit code. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../hosts/cli/program.ts";
import { makeFolder, run } from "./stage.ts";

const ROOT = join(import.meta.dirname, "../../..");
const MAIN = join(ROOT, "hosts/cli/main.ts");

describe("merlon", () => {
  test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("%j lists every command", async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const { name, summary } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
  });

  test.each([[["--version"]], [["version"]]])("%j prints the version of the package", async (args) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(await run(args)).toEqual({ code: 0, stdout: `merlon ${version}\n`, stderr: "" });
  });

  test.each([
    { args: ["evaluat"], says: ["unknown command evaluat", 'did you mean "evaluate"?'] },
    { args: ["frobnicate"], says: ["unknown command frobnicate", "merlon help"] },
    { args: ["--policy", "x"], says: ["unknown flag --policy", "write the command first"] },
    { args: ["help", "nobody"], says: ["unknown command nobody"] },
    { args: ["help", "evaluate", "more"], says: ['"more" is too much'] },
    { args: ["\u001b[2J"], says: ["unknown command \\u{1b}[2J"] },
    { args: ["constructor"], says: ["unknown command constructor"] },
  ])("$args fails with code 2, one line on stderr and nothing on stdout", async ({ args, says }) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    for (const part of says) expect(stderr).toContain(part);
    expect(stderr).toMatch(/^merlon: .* — .*; .*\n$/);
  });

  test("what the world is to blame for has code 1", async () => {
    const { code, stderr } = await run(["evaluate", join(makeFolder(), "missing.jsonl")]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^merlon: .*missing\.jsonl cannot be read — there is no such file; check the path\n$/);
  });

  test("its own mistakes are reported without what was looked at", async () => {
    const broken = { ...COMMANDS[0], run: () => Promise.reject(new TypeError("secret bytes")) };
    const commands = COMMANDS as unknown as object[];
    const [first] = commands.splice(0, 1, broken);
    try {
      const { code, stdout, stderr } = await run([broken.name ?? ""]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^merlon: internal error — TypeError; please report/);
      expect(stderr).not.toContain("secret bytes");
    } finally {
      commands.splice(0, 1, first ?? {});
    }
  });
});

describe("as a process", () => {
  test("it ends with the exit code and writes where it should", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "nothing"], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("unknown command nothing");
  });

  test("it ends in peace when nobody reads on", () => {
    const command = `"${process.execPath}" "${MAIN}" help protect | head -c 1`;
    expect(execFileSync("bash", ["-c", `set -o pipefail; ${command}`], { encoding: "utf8" })).toBe("m");
  });
});
