/**
 * Real shells as judges of what a value does on a command line. bash and dash run in a jail: a root folder of their own
 * with nothing in it but the shells and stubs that only write down their names, an empty environment, no network, no
 * other processes, limits on time and memory. Nothing that a value names can run, be read or be written outside it.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Component } from "../../tools/component.ts";

/** Programs that have a stub. */
export const PROGRAMS: readonly string[] = [
  ..."id whoami cat ls uname ping curl wget nc sleep ps ifconfig hostname netstat".split(" "),
  ..."python3 perl sh bash base64 env xargs touch awk".split(" "),
];
/** Builtins that are stand-ins too, so that what they would do is written down. */
const BUILTINS = ["echo", "printf", "pwd", "kill"];
const SHELLS = ["bash", "dash"];
const SPACES = ["--net", "--pid", "--mount", "--ipc", "--fork"];
const BATCH_MS = 60_000;

/** A jail that is ready; call `close` when it is no longer needed. */
export interface Jail {
  /** Runs each script in both shells. @returns for each script the programs that it started */
  run(scripts: readonly string[]): Set<string>[];
  close(): void;
}

/** Builds a jail, or says why there can be none here. */
export function openJail(): Component<Jail> {
  if (spawnSync("unshare", [...SPACES, "true"]).status !== 0) {
    return { missing: "no jail for shells: needs Linux, unshare and the right to use it (root)" };
  }
  const shells = SHELLS.filter((name) => existsSync(`/bin/${name}`));
  if (shells.length < SHELLS.length) return { missing: `no jail for shells: needs ${SHELLS.join(" and ")} in /bin` };
  const root = mkdtempSync(join(tmpdir(), "merlon-shell-"));
  for (const folder of ["bin", "dev", "etc", "in", "real", "tmp"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "etc/passwd"), "nobody:x:1:1::/:/bin/sh\n");
  if (spawnSync("mknod", ["-m", "666", join(root, "dev/null"), "c", "1", "3"]).status !== 0) {
    rmSync(root, { recursive: true, force: true });
    return { missing: "no jail for shells: may not make device nodes" };
  }
  for (const shell of shells) install(root, `/bin/${shell}`, `/real/${shell}`);
  const stub = join(root, "stub");
  writeFileSync(stub, '#!/real/dash\ncommand echo "$CASE ${0##*/}" >>/log\n');
  chmodSync(stub, 0o755);
  for (const name of PROGRAMS) copyFileSync(stub, join(root, "bin", name));
  writeFileSync(join(root, "drive"), driver());
  return {
    found: { run: (scripts) => runIn(root, scripts), close: () => rmSync(root, { recursive: true, force: true }) },
  };
}

/** Copies a shell with the libraries that it is linked to. */
function install(root: string, from: string, to: string): void {
  copyFileSync(from, join(root, to));
  const { stdout } = spawnSync("ldd", [from], { encoding: "utf8" });
  for (const [, library = ""] of stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
}

/** What the shells run: every script in a subshell of its own, with the builtins in their stand-ins. */
function driver(): string {
  const stands = BUILTINS.map((name) =>
    name === "kill" ? "kill() { :; }" : `${name}() { command echo "$CASE ${name}" >>/log; command ${name} "$@"; }`,
  );
  const loop = 'while [ "$N" -lt "$COUNT" ]; do CASE=$N; ( . "/in/$N" ) </dev/null >/dev/null 2>&1; N=$((N + 1)); done';
  return `ulimit -t 50\nulimit -v 400000\nexport CASE\n${stands.join("\n")}\ncmd() { :; }\ncd /tmp\nN=0\n${loop}\n`;
}

function runIn(root: string, scripts: readonly string[]): Set<string>[] {
  for (const [index, script] of scripts.entries()) writeFileSync(join(root, "in", `${index}`), `${script}\n`, "latin1");
  writeFileSync(join(root, "log"), "");
  for (const shell of SHELLS) {
    const { error, status } = spawnSync("unshare", [...SPACES, "chroot", root, `/real/${shell}`, "/drive"], {
      env: { PATH: "/bin:/usr/bin:/usr/sbin:/sbin", COUNT: `${scripts.length}` },
      stdio: "ignore",
      timeout: BATCH_MS,
      killSignal: "SIGKILL",
    });
    if (error !== undefined || status !== 0) throw new Error(`${shell} failed: ${error?.message ?? status}`);
  }
  const started = scripts.map(() => new Set<string>());
  for (const line of readFileSync(join(root, "log"), "latin1").split("\n")) {
    const [number = "", name = ""] = line.split(" ");
    if (name !== "") started[Number(number)]?.add(name);
  }
  return started;
}
