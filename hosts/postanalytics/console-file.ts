/**
 * The note that a running console leaves in its data folder: where it listens, and a token for commands on the same
 * machine. Whoever can read the folder can read its records anyway; nobody else can read the note.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../core/error.ts";

const FILE = "console.json";
const noteSchema = z.object({ origin: z.url(), token: z.string().regex(/^[!-~]{1,128}$/) });

/** Where a running console is, and a token for it. */
export type ConsoleNote = z.output<typeof noteSchema>;

/** Leaves the note. @returns what takes it away */
export async function writeConsoleFile(folder: string, note: ConsoleNote): Promise<() => Promise<void>> {
  const path = join(folder, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return () => rm(path, { force: true });
}

/**
 * @returns the note of a folder's running owner; null where none was left, or its console has ended without taking it
 *   away
 * @throws MerlonError MERLON_INPUT where it cannot be read
 */
export async function readConsoleFile(folder: string): Promise<ConsoleNote | null> {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new MerlonError("MERLON_INPUT", "the data folder cannot be read — run this as its owner", { cause });
  }
  const note = noteSchema.safeParse(jsonOf(text));
  if (!note.success) return null;
  const { origin } = note.data;
  const answers = await fetch(`${origin}/livez`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
  return answers ? note.data : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
