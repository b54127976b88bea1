/**
 * One owner for a folder: a lock file that says which process has it. A process that died without giving it back is
 * known by its start time, which no later process of the same number has, and by the boot that it was started in.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";

const LOCK_FILE = "lock";
const TRIES = 3;

const ownerSchema = z.object({ pid: z.int().min(1), started: z.string(), boot: z.string() });
type Owner = z.output<typeof ownerSchema>;

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** When a process was started, in the kernel's own words; "" where it is not running or the system does not say. */
function startOf(pid: number): string {
  // The name in brackets may hold anything; the start time is the 20th word behind it (proc(5)).
  const behind = readOrEmpty(`/proc/${pid}/stat`).split(")").at(-1) ?? "";
  return behind.trim().split(" ")[19] ?? "";
}

function bootId(): string {
  return readOrEmpty("/proc/sys/kernel/random/boot_id").trim();
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** @returns the process that a lock names, if it still runs */
function livingOwner(text: string): Owner | null {
  let owner: Owner;
  try {
    owner = ownerSchema.parse(JSON.parse(text));
  } catch {
    // Torn while it was written: who wrote it is gone.
    return null;
  }
  if (owner.boot !== bootId() || !isRunning(owner.pid)) return null;
  return owner.started === startOf(owner.pid) ? owner : null;
}

/**
 * Takes a folder.
 * @returns gives it back
 * @throws MerlonError MERLON_RECORDS where a running process has it; what the system says where it cannot be written
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK_FILE);
  const own = JSON.stringify({ pid: process.pid, started: startOf(process.pid), boot: bootId() });
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      writeFileSync(path, own, { flag: "wx", mode: 0o600 });
      return () => {
        if (readOrEmpty(path) === own) rmSync(path, { force: true });
      };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const text = readOrEmpty(path);
    const owner = livingOwner(text);
    if (owner !== null) throw inUse(folder, owner.pid);
    setAside(path, text);
  }
  throw inUse(folder, 0);
}

/** Takes a dead process's lock away; where another took its place in between, that one stays. */
function setAside(path: string, text: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readOrEmpty(aside) === text) rmSync(aside, { force: true });
    else renameSync(aside, path);
  } catch {
    // Someone else was faster; the next try sees what is there now.
  }
}

function inUse(folder: string, pid: number): MerlonError {
  const who = pid === 0 ? "other processes are" : `process ${pid} is`;
  return new MerlonError("MERLON_RECORDS", `${folder} is in use — ${who} working there; choose another folder`);
}
