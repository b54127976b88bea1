/**
 * Gets the engines that Merlon is compared with, each from its own registry package at the version that
 * `peers/go.mod` and `peers/package.json` name. All of it lands in `.cache/bench`, under the hash of what it was made
 * from; nothing of it is a dependency of Merlon. A peer that cannot be had is skipped by name, with the reason.
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Component, cacheFolder, install } from "../tools/component.ts";
import type { EngineCommand } from "./engines.ts";

/** A peer that is ready, or why it is not. */
export type Peer = { readonly command: EngineCommand } | { readonly id: string; readonly missing: string };

/** Builds and installs what is not there yet. */
export async function preparePeers(say: (text: string) => void): Promise<Peer[]> {
  const go = await buildGo("peers", say);
  const npm = await installNpm(say);
  const peer = (id: EngineCommand["id"], got: Component<string>, make: (path: string) => [string, string[]]): Peer => {
    if ("missing" in got) return { id, missing: got.missing };
    const [file, args] = make(got.found);
    return { command: { id, file, args } };
  };
  return [
    peer("libinjection", go, (path) => [path, ["libinjection"]]),
    peer("libddwaf", npm, (path) => [process.execPath, [join(import.meta.dirname, "libddwaf-process.ts"), path]]),
    peer("coraza", go, (path) => [path, ["coraza"]]),
  ];
}

/**
 * Builds the Go program of a folder below this one, unless the same sources were built before.
 * @returns path of the program
 */
export async function buildGo(name: "peers" | "load", say: (text: string) => void): Promise<Component<string>> {
  const source = join(import.meta.dirname, name);
  const files = readdirSync(source).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file));
  const path = join(await cacheFolder("bench"), `${name}-${hashFiles(source, files)}`);
  if (existsSync(path)) return { found: path };
  say(`building test/bench/${name} (once, a minute or two) …`);
  // Built under another name and renamed, so that a broken-off build leaves nothing that looks whole.
  const partial = `${path}.${process.pid}`;
  const flags = ["-trimpath", "-buildvcs=false", "-mod=readonly"];
  const outcome = await install("go", ["-C", source, "build", ...flags, "-o", partial, "."]);
  if ("missing" in outcome) return outcome;
  renameSync(partial, path);
  return { found: path };
}

/** Installs the packages of `peers/package.json`, unless they were before. @returns their folder */
export async function installNpm(say: (text: string) => void): Promise<Component<string>> {
  const source = join(import.meta.dirname, "peers");
  const files = ["package.json", "package-lock.json"];
  const path = join(await cacheFolder("bench"), `npm-${hashFiles(source, files)}`);
  if (existsSync(path)) return { found: path };
  say("installing the Node packages of the peers (once, 32 MB) …");
  const partial = `${path}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  for (const file of files) copyFileSync(join(source, file), join(partial, file));
  // The tracer is there for its rules alone: none of its optional packages and no scripts.
  const options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  const outcome = await install("npm", ["--prefix", partial, "ci", ...options]);
  if ("found" in outcome) renameSync(partial, path);
  rmSync(partial, { recursive: true, force: true });
  return "found" in outcome ? { found: path } : outcome;
}

function hashFiles(folder: string, files: readonly string[]): string {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\0`);
  for (const file of [...files].sort()) {
    const content = readFileSync(join(folder, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}
