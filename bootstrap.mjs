/**
 * The door of every npm script: `node bootstrap.mjs <command> [arguments…]`.
 *
 * A fresh clone may meet any Node from 20 on, no dependencies and no built core. This file, which needs nothing but
 * that Node, installs what the lockfile names, finds Node 24 among it, builds the core when its sources changed and
 * only then runs the command. It writes to stderr alone, so that the command's stdout is the command's own.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(fileURLToPath(import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
const NODE_MAJOR_MIN = 24;
const LOCK_POLL_MS = 100;
/** Characters shown of a failed `npm ci`; the reason comes first, its usage text after. */
const NPM_OUTPUT_MAX = 2000;
const VITEST = "node_modules/vitest/vitest.mjs";

/** What each command runs (a file and its first arguments) and which builds of the core it needs. */
const COMMANDS = {
  demo: { run: ["hosts/cli/main.ts", "demo"], builds: ["release"] },
  merlon: { run: ["hosts/cli/main.ts"], builds: ["release"] },
  build: { run: ["hosts/build.ts"], builds: ["release", "checked", "test"], force: true },
  check: { run: ["test/check.ts"], builds: ["release"] },
  test: { run: [VITEST, "run"], builds: ["release", "checked", "test"] },
  fuzz: { run: ["fuzz/run.ts"], builds: ["release", "checked"] },
  bench: { run: ["test/bench/main.ts"], builds: ["release"] },
  ledger: { run: ["test/ledger/main.ts"], builds: ["release"] },
};

/** Sources that every build of the core reads; a build is stale when their content is not what it was made from. */
const CORE_SOURCES = ["asconfig.json", "assembly", "hosts/build.ts", "hosts/dataplane/envoy", "package-lock.json"];
/** Read by the `test` build alone, which opens internals to the tests. */
const TEST_SOURCES = ["test/assembly/entry.ts"];

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : undefined;
  if (command === undefined) {
    return fail(`unknown command ${JSON.stringify(name ?? "")}; use one of ${Object.keys(COMMANDS).join(", ")}`);
  }
  try {
    await installDependencies();
    const node = findNode();
    const built = await buildCore(node, command.builds, command.force === true);
    // `build` alone is done here; its arguments are further steps.
    if (built !== 0 || (command.force === true && args.length === 0)) return built;
    const [file, ...first] = command.run;
    return await run(node, [join(ROOT, file), ...first, ...args], { cwd: workingFolder(name), env: command.env });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** Installs exactly the locked packages, without running their scripts, when those at hand are not the locked ones. */
async function installDependencies() {
  if (dependenciesAreCurrent()) return;
  await locked("install", async () => {
    if (dependenciesAreCurrent()) return;
    say("installing the locked dependencies (once, about a minute) …");
    // Without `--include` an inherited NODE_ENV=production would leave out the compiler and Node 24 itself.
    const args = ["ci", "--ignore-scripts", "--include=dev", "--include=optional", "--loglevel=error"];
    const npm = process.env.npm_execpath ?? "";
    const [file, ...first] = basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"];
    const result = spawnSync(file, [...first, ...args], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 });
    if (result.status === 0 && dependenciesAreCurrent()) return;
    const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`;
    const fix = "see its words below, make sure that npm can reach its registry, and try again";
    throw new Error(`\`npm ci\` failed; ${fix}\n${output.slice(0, NPM_OUTPUT_MAX)}`);
  });
}

/**
 * Compares the lockfile with npm's own list of what is installed. npm writes that list last, so a broken-off
 * installation has none; and `npm install x` updates both, so nothing is installed twice.
 */
function dependenciesAreCurrent() {
  const installed = readPackages(join(ROOT, "node_modules", ".package-lock.json"));
  const wanted = readPackages(join(ROOT, "package-lock.json"));
  if (wanted === undefined) throw new Error("package-lock.json is missing or not JSON; restore it from the repository");
  if (installed === undefined) return false;
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    const found = installed[path];
    // An optional package of another platform is in the lockfile and rightly absent here.
    if (path === "" || (found === undefined && optional === true)) continue;
    if (found === undefined || found.version !== version || found.integrity !== integrity) return false;
  }
  return true;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch {
    return undefined;
  }
}

/** @returns path of a Node that runs TypeScript as it is: the locked one on Linux, elsewhere the one running this. */
function findNode() {
  const local = join(BIN, "node");
  if (process.platform === "linux") linkNode(local);
  if (process.platform === "linux" && existsSync(local)) return local;
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) return process.execPath;
  throw new Error(
    `Merlon needs Node ${NODE_MAJOR_MIN} and this is ${process.version}; the lockfile brings none for ` +
      `${process.platform}-${process.arch}, so install Node ${NODE_MAJOR_MIN} or later and run the same command again`,
  );
}

/**
 * Makes the command `node` of the locked Node where npm did not: npm 10, which comes with Node 20, takes it away again
 * together with the package of the other processor, whose command has the same name.
 */
function linkNode(local) {
  const packaged = join(ROOT, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (existsSync(local) || !existsSync(packaged)) return;
  mkdirSync(BIN, { recursive: true });
  // By rename, since another command may do the same now.
  symlinkSync(packaged, `${local}.${process.pid}`);
  renameSync(`${local}.${process.pid}`, local);
}

/** Builds what is stale. @returns exit code of the compiler, 0 when there was nothing to do */
async function buildCore(node, targets, force) {
  const stale = () => targets.filter((target) => force || readStamp(target) !== sourcesHash(target));
  if (stale().length === 0) return 0;
  return await locked("build", async () => {
    const missing = stale();
    if (missing.length === 0) return 0;
    say(`building the core (${missing.join(", ")}) …`);
    for (const target of missing) {
      // Hashed before the compiler reads: an edit during the build leaves an old hash, hence a stale stamp.
      const hash = sourcesHash(target);
      const code = await run(node, [join(ROOT, "hosts/build.ts"), target], { stdout: "stderr" });
      if (code !== 0) return code;
      replaceFile(stampPath(target), `${hash}\n`);
    }
    return 0;
  });
}

function stampPath(target) {
  return join(ROOT, "build", `${target}.sources.sha256`);
}

/** @returns the hash that the target was built from, or undefined when the target or its stamp is not there */
function readStamp(target) {
  const output = join(ROOT, "build", target === "release" ? "merlon.wasm" : `merlon.${target}.wasm`);
  return existsSync(output) && existsSync(stampPath(target))
    ? readFileSync(stampPath(target), "utf8").trim()
    : undefined;
}

function sourcesHash(target) {
  const hash = createHash("sha256");
  for (const source of target === "test" ? [...CORE_SOURCES, ...TEST_SOURCES] : CORE_SOURCES) {
    for (const path of filesBelow(source)) {
      const content = readFileSync(join(ROOT, path));
      hash.update(`${path}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest("hex");
}

/** @returns paths of all files at or below `path`, relative to the root and in a fixed order */
function filesBelow(path) {
  const stat = statSync(join(ROOT, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  const names = readdirSync(join(ROOT, path)).sort();
  return names.flatMap((name) => filesBelow(`${path}/${name}`));
}

/**
 * Does the work while no other process of this checkout does the same. The lock is a file with the owner's process
 * number, made by a link so that it is never seen empty; one left by a dead owner is taken over.
 */
async function locked(name, work) {
  const folder = join(ROOT, ".cache");
  const lock = join(folder, `${name}.lock`);
  const mine = `${lock}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(mine, String(process.pid));
  try {
    for (let waits = 0; !tryLink(mine, lock); waits++) {
      if (!isAlive(readOwner(lock))) rmSync(lock, { force: true });
      else if (waits === 0) say(`waiting for another process of this folder (${name}) …`);
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readOwner(lock) {
  try {
    return Number(readFileSync(lock, "utf8"));
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** npm moves to the root before it runs a script; file names given to `merlon` mean the folder the person was in. */
function workingFolder(name) {
  const from = process.env.INIT_CWD;
  return name === "merlon" && process.cwd() === ROOT && from !== undefined && existsSync(from) ? from : process.cwd();
}

/**
 * Runs a file under Node 24 and ends as it ends: same exit code, or 128 plus the number of the signal that ended it.
 * @param options.stdout "stderr" when stdout must stay free for a later command
 */
function run(node, args, { cwd = ROOT, env = {}, stdout = "inherit" } = {}) {
  return new Promise((resolve, reject) => {
    const path = `${BIN}${delimiter}${process.env.PATH ?? ""}`;
    const child = spawn(node, args, {
      cwd,
      env: { ...env, ...process.env, PATH: path },
      stdio: ["inherit", stdout === "stderr" ? 2 : "inherit", "inherit"],
    });
    const passOn = (signal) => {
      // Ctrl-C at a terminal reaches the whole group; a second SIGINT would mean "at once" to a draining server.
      if (signal !== "SIGINT" || process.stderr.isTTY !== true) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, passOn);
    const settle = (act) => {
      for (const signal of signals) process.off(signal, passOn);
      act();
    };
    child.on("error", (cause) =>
      settle(() => reject(new Error(`cannot start ${node}: ${cause.message}; delete node_modules and try again`))),
    );
    child.on("exit", (code, signal) =>
      settle(() => resolve(code ?? 128 + (constants.signals[signal ?? "SIGKILL"] ?? 0))),
    );
  });
}

function replaceFile(path, content) {
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

function say(text) {
  process.stderr.write(`merlon: ${text}\n`);
}

function fail(text) {
  say(text);
  return 1;
}
