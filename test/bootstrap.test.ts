/** bootstrap.mjs in a small project of its own: what it installs, builds, runs and passes on. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Stands in for the command line: says how it was called, then does what its first argument names. */
const PROGRAM = `
const what: string = process.argv[2] ?? "";
// Before the first word, which is when a signal may come.
if (what === "wait") process.on("SIGTERM", () => process.exit(7));
console.log(JSON.stringify([process.argv.slice(2), process.cwd()]));
if (what === "stdin") process.stdin.pipe(process.stdout);
if (what === "code") process.exitCode = 3;
if (what === "die") process.kill(process.pid, "SIGKILL");
if (what === "wait") setInterval(() => {}, 1000);
`;
/** Stands in for the compiler: leaves the outputs and a line of its own for each run. */
const BUILDER = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
const root = new URL("..", import.meta.url);
console.log("the compiler talks");
appendFileSync(new URL("builds.log", root), process.argv.slice(2).join(" ") + "\\n");
if (readFileSync(new URL("assembly/index.ts", root), "utf8").includes("broken")) process.exit(5);
mkdirSync(new URL("build/", root), { recursive: true });
for (const name of process.argv.slice(2)) {
  writeFileSync(new URL(name === "release" ? "build/merlon.wasm" : "build/merlon." + name + ".wasm", root), "");
}
`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "merlon-bootstrap-"));
  copyFileSync(join(import.meta.dirname, "..", "bootstrap.mjs"), join(root, "bootstrap.mjs"));
  put("package.json", JSON.stringify({ name: "fixture", version: "1.0.0", type: "module" }));
  put("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages: {} }));
  put("node_modules/.package-lock.json", JSON.stringify({ packages: {} }));
  mkdirSync(join(root, "node_modules/.bin"));
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
  put("hosts/cli/main.ts", PROGRAM);
  put("hosts/build.ts", BUILDER);
  put("assembly/index.ts", "export const A: u32 = 1;\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function start(args: readonly string[], cwd = root, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const file = join(root, "bootstrap.mjs");
  return spawn(process.execPath, [file, ...args], { cwd, env: { ...process.env, INIT_CWD: cwd, ...env } });
}

function ended(child: ChildProcess, input = ""): Promise<Ended> {
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  }
  child.stdin?.end(input);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...text })));
}

function builds(): string[] {
  return existsSync(join(root, "builds.log"))
    ? readFileSync(join(root, "builds.log"), "utf8").trimEnd().split("\n")
    : [];
}

describe("the command", () => {
  test("has stdout to itself, even when the core is built first", async () => {
    const { code, stdout, stderr } = await ended(start(["merlon", "evaluate", "a b", "--x"]));
    expect(stdout).toBe(`${JSON.stringify([["evaluate", "a b", "--x"], root])}\n`);
    expect(stderr).toContain("merlon: building the core (release)");
    expect(code).toBe(0);
  });

  test("reads stdin", async () => {
    expect((await ended(start(["merlon", "stdin"]), "hello")).stdout).toMatch(/\nhello$/);
  });

  test.each([
    { what: "code", expected: 3 },
    { what: "die", expected: 128 + 9 },
  ])("ends with code $expected on `$what`", async ({ what, expected }) => {
    expect((await ended(start(["merlon", what]))).code).toBe(expected);
  });

  test("gets the signals sent to the door", async () => {
    const child = start(["merlon", "wait"]);
    child.stdout?.once("data", () => child.kill("SIGTERM"));
    expect((await ended(child)).code).toBe(7);
  });

  test("works in the folder where npm was called", async () => {
    const folder = join(root, "assembly");
    const { stdout } = await ended(start(["merlon"], root, { INIT_CWD: folder }));
    expect(stdout).toBe(`${JSON.stringify([[], folder])}\n`);
  });

  test.each([[["nope"]], [[]], [["constructor"]]])("must be a known one: %j", async (args) => {
    const { code, stdout, stderr } = await ended(start(args));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("use one of demo, merlon, build, check, test, fuzz, bench, ledger");
  });
});

describe("the core", () => {
  test("is built again only when the content of a source changes", async () => {
    await ended(start(["merlon"]));
    await ended(start(["merlon"]));
    put("assembly/index.ts", readFileSync(join(root, "assembly/index.ts"), "utf8"));
    await ended(start(["merlon"]));
    expect(builds()).toEqual(["release"]);
    put("hosts/dataplane/envoy/context.ts", "export const B: u32 = 1;\n");
    await ended(start(["merlon"]));
    expect(builds()).toEqual(["release", "release"]);
    rmSync(join(root, "build/merlon.wasm"));
    await ended(start(["merlon"]));
    expect(builds()).toHaveLength(3);
  });

  test("is built once by two commands at once", async () => {
    const both = await Promise.all([ended(start(["merlon"])), ended(start(["merlon"]))]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(builds()).toEqual(["release"]);
  });

  test("that does not compile ends the command and stays stale", async () => {
    appendFileSync(join(root, "assembly/index.ts"), "broken");
    for (const _ of [1, 2]) {
      const { code, stdout } = await ended(start(["merlon"]));
      expect([code, stdout]).toEqual([5, ""]);
    }
    expect(builds()).toEqual(["release", "release"]);
  });

  test("is built in spite of a lock whose owner is dead", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.on("close", resolve));
    put(".cache/build.lock", String(child.pid));
    expect((await ended(start(["merlon"]))).code).toBe(0);
    expect(existsSync(join(root, ".cache/build.lock"))).toBe(false);
  });

  test("comes in every build for `build`, whatever is there", async () => {
    await ended(start(["build"]));
    await ended(start(["build", "image"]));
    expect(builds()).toEqual(["release", "checked", "test", "release", "checked", "test", "image"]);
  });
});

describe("dependencies", () => {
  /** A lockfile with one package, which lies in the project itself so that no network is needed. */
  function lockOnePackage(): void {
    put("part/package.json", JSON.stringify({ name: "part", version: "1.0.0" }));
    const dependencies = { part: "file:part" };
    put("package.json", JSON.stringify({ name: "fixture", version: "1.0.0", type: "module", dependencies }));
    const packages = {
      "": { name: "fixture", version: "1.0.0", dependencies },
      "node_modules/part": { resolved: "part", link: true },
      part: { version: "1.0.0" },
    };
    put("package-lock.json", JSON.stringify({ name: "fixture", version: "1.0.0", lockfileVersion: 3, packages }));
  }

  test("are installed when they are not the locked ones, once", async () => {
    lockOnePackage();
    const first = await ended(start(["merlon"]));
    expect(first.stderr).toContain("merlon: installing the locked dependencies");
    expect(first.code).toBe(0);
    expect(existsSync(join(root, "node_modules/part/package.json"))).toBe(true);
    expect((await ended(start(["merlon"]))).stderr).toBe("");
  });

  test.runIf(process.platform === "linux")("bring Node, also where npm took its command away", async () => {
    const packaged = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
    mkdirSync(dirname(packaged), { recursive: true });
    symlinkSync(process.execPath, packaged);
    const command = join(root, "node_modules/.bin/node");
    rmSync(command);
    expect((await ended(start(["merlon"]))).code).toBe(0);
    expect(realpathSync(command)).toBe(realpathSync(process.execPath));
    expect(readdirSync(dirname(command))).toEqual(["node"]);
  });

  test("of another platform may be absent", async () => {
    const optional = { version: "1.0.0", integrity: "sha512-x", optional: true };
    put("package-lock.json", JSON.stringify({ packages: { "node_modules/node-other-cpu": optional } }));
    expect((await ended(start(["merlon"]))).stderr).not.toContain("installing");
  });

  test("that npm cannot install end the command with npm's reason", async () => {
    const wrong = { version: "2.0.0", resolved: "file:absent.tgz", integrity: "sha512-AAAA" };
    const packages = { "": { dependencies: { absent: "file:absent.tgz" } }, "node_modules/absent": wrong };
    put("package.json", JSON.stringify({ name: "fixture", dependencies: { absent: "file:absent.tgz" } }));
    put("package-lock.json", JSON.stringify({ name: "fixture", lockfileVersion: 3, packages }));
    const { code, stdout, stderr } = await ended(start(["merlon"]));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/`npm ci` failed.*absent/s);
  });
});
