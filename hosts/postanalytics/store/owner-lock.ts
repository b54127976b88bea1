/**
 * One owner of a data folder. The lock is the operating system's, held through an SQLite file in an exclusive
 * transaction: it ends with the process, however that ends, so that no stale file ever keeps a folder closed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MerlonError } from "../../core/error.ts";

/** The file that is locked. */
const LOCK_FILE = "owner.lock";
/** Who holds it, for people; not the lock itself. */
const OWNER_FILE = "owner.pid";
/** The locks that are held: what nothing refers to is collected, and its file with it, and another gets the folder. */
const held = new Set<DatabaseSync>();

/**
 * Makes the folder where it is missing, and locks it.
 * @returns what gives it back
 * @throws MerlonError MERLON_STORE where another process, or this one, has it
 */
export function lockFolder(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new MerlonError("MERLON_STORE", "the data folder cannot be made — check its path and its owner", { cause });
  }
  const lock = new DatabaseSync(join(folder, LOCK_FILE), { timeout: 0 });
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (cause) {
    lock.close();
    const owner = ownerOf(folder);
    throw new MerlonError("MERLON_STORE", `the data folder is in use${owner} — it has one owner; stop that one first`, {
      cause,
    });
  }
  writeFileSync(join(folder, OWNER_FILE), `${process.pid}\n`);
  held.add(lock);
  return () => {
    held.delete(lock);
    lock.close();
  };
}

function ownerOf(folder: string): string {
  try {
    const pid = /^\d{1,10}(?=\n$)/.exec(readFileSync(join(folder, OWNER_FILE), "latin1"))?.[0];
    return pid === undefined ? "" : ` by process ${pid}`;
  } catch {
    return "";
  }
}
