/**
 * Changes of a file that several commands may make at the same moment: each reads what the one before has written. Node
 * has no lock of the system's, so it is a file beside it that only one can make.
 */
import { open, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { MerlonError } from "../core/error.ts";

const LOOK_MS = 10;
/** A change takes milliseconds: a lock of this age was left by a process that has died. */
const STALE_MS = 10_000;
const WAIT_MS = 30_000;

/**
 * Does a change while nobody else changes the file.
 * @throws MerlonError MERLON_INPUT when the folder cannot be written, or others do not come to an end
 */
export async function withLock<T>(path: string, change: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const until = Date.now() + WAIT_MS;
  while (!(await take(lock))) {
    if (Date.now() >= until) throw new MerlonError("MERLON_INPUT", `${path} is being changed — try again later`);
    await sleep(LOOK_MS);
  }
  try {
    return await change();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @returns whether the lock is ours */
async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx", 0o600);
    await file.close();
    return true;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    if (code !== "EEXIST")
      throw new MerlonError("MERLON_INPUT", `${lock} cannot be written — ${code}; check its folder`, { cause });
  }
  const madeAt = await stat(lock).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  if (Date.now() - madeAt > STALE_MS) await rm(lock, { force: true });
  return false;
}
