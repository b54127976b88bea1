/**
 * What a spool remembers beside its segments: how far it was acknowledged. It may be older than what is true, since it
 * is written after each acknowledgement: then records are handed out again, and whoever takes them knows their ids.
 */
import { z } from "zod";
import type { SpoolDisk } from "./disk.ts";

const STATE_FILE = "state.json";
const count = z.int().min(0);
const stateSchema = z.object({
  cursor: z.object({ segment: count, offset: count }),
  /** The number that the next record was to have. */
  next: z.int().min(1),
  /** Requests whose records were left out since the spool began. */
  dropped: count,
});

/** The state. */
export type SpoolState = z.output<typeof stateSchema>;

/** @returns the state; that of a new spool where none can be read */
export async function readState(disk: SpoolDisk): Promise<SpoolState> {
  const content = await disk.read(STATE_FILE);
  try {
    return stateSchema.parse(JSON.parse(content?.toString("utf8") ?? ""));
  } catch {
    return { cursor: { segment: 0, offset: 0 }, next: 1, dropped: 0 };
  }
}

/** Writes the state; rejects with what the system says, and the one before then stays. */
export async function writeState(disk: SpoolDisk, state: SpoolState): Promise<void> {
  await disk.replace(STATE_FILE, Buffer.from(JSON.stringify(state)));
}
