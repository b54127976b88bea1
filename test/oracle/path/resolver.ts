/**
 * Real resolvers as judges of where a path ends: those of Node, Python and Go, for POSIX and Windows paths. Nothing is
 * opened: a resolver only computes. A value is an attack if for some base folder, some reading of its escapes and some
 * resolver it ends two or more folders above the base, or at a file that every system has.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, win32 } from "node:path";
import type { Component } from "../../tools/component.ts";

const POSIX_BASES = ["/srv/app/files", "/var/www/html/site/img"];
const WINDOWS_BASES = ["C:\\inetpub\\wwwroot\\files"];
const SENSITIVE =
  /^(?:[a-z]:)?[\\/](?:etc[\\/](?:passwd|shadow|hosts)|windows[\\/]win\.ini|boot\.ini|proc[\\/]self[\\/])/i;

/** Joins a value to a base folder and cleans it; one answer for each pair. */
export type Resolver = (pairs: readonly Pair[]) => string[];
interface Pair {
  readonly base: string;
  readonly value: string;
}

const PYTHON = `import json, ntpath, posixpath, sys
for base, value in json.load(sys.stdin):
    path = ntpath if base[1:2] == ":" else posixpath
    print(json.dumps(path.normpath(path.join(base, value))))
`;
const GO = `package main

import ("encoding/json"; "fmt"; "os"; "path"; "strings")

func main() {
	var pairs [][2]string
	if json.NewDecoder(os.Stdin).Decode(&pairs) != nil { os.Exit(1) }
	for _, pair := range pairs {
		joined := path.Join(pair[0], pair[1])
		if strings.HasPrefix(pair[1], "/") { joined = path.Clean(pair[1]) }
		answer, _ := json.Marshal(joined)
		fmt.Println(string(answer))
	}
}
`;

/** The resolver of this process: always there. */
export function resolveInNode(pairs: readonly Pair[]): string[] {
  return pairs.map(({ base, value }) => (isWindows(base) ? win32.resolve(base, value) : posix.resolve(base, value)));
}

/** Python's `ntpath` and `posixpath`. */
export function findPython(): Component<Resolver> {
  if (spawnSync("python3", ["-c", ""]).status !== 0) return { missing: "python3 is not installed" };
  return { found: (pairs) => ask("python3", ["-c", PYTHON], pairs) };
}

/** Go's `path`, POSIX only; bases of Windows are left to the others. */
export function findGo(): Component<Resolver> {
  const known = spawnSync("go", ["version"]).status === 0;
  if (!known) return { missing: "go is not installed" };
  return {
    found: (pairs) => {
      const folder = mkdtempSync(join(tmpdir(), "merlon-path-"));
      try {
        const source = join(folder, "resolve.go");
        writeFileSync(source, GO);
        return ask("go", ["run", source], pairs);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function ask(program: string, args: readonly string[], pairs: readonly Pair[]): string[] {
  const input = JSON.stringify(pairs.map(({ base, value }) => [base, value]));
  const { status, stdout } = spawnSync(program, args, { input, encoding: "utf8", maxBuffer: 1 << 26, timeout: 50_000 });
  if (status !== 0) throw new Error(`${program} failed to resolve`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => String(JSON.parse(line)));
}

function isWindows(base: string): boolean {
  return base[1] === ":";
}

/** The value as it stands, and with its percent escapes undone once and twice. */
function readings(value: string): string[] {
  const once = undoPercent(value);
  return [...new Set([value, once, undoPercent(once)])].map((text) => text.replace(/\0.*$/s, ""));
}

function undoPercent(value: string): string {
  return value.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function escapes(base: string, end: string): boolean {
  const path = isWindows(base) ? win32 : posix;
  const up = path
    .relative(base, end)
    .split(path.sep)
    .filter((step) => step === "..").length;
  return SENSITIVE.test(end) || (up >= 2 && !path.isAbsolute(path.relative(base, end)));
}

/** Whether each value is an attack for any of the resolvers. */
export function judgePaths(resolvers: readonly Resolver[], values: readonly string[], posixOnly: boolean): boolean[] {
  const bases = posixOnly ? POSIX_BASES : [...POSIX_BASES, ...WINDOWS_BASES];
  const pairs = values.flatMap((text, index) =>
    readings(text).flatMap((value) => bases.map((base) => ({ base, value, index }))),
  );
  const attacks = values.map(() => false);
  for (const resolve of resolvers) {
    for (const [i, end] of resolve(pairs).entries()) {
      const pair = pairs[i];
      if (pair !== undefined && escapes(pair.base, end)) attacks[pair.index] = true;
    }
  }
  return attacks;
}
