/** How far the agent has read: kept beside the spool, so that a restart goes on where the last one was. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { replaceFile } from "../../policy/replace-file.ts";

const positionSchema = z.strictObject({
  format: z.literal(1),
  /** The file by its number on its file system: names change when logs are rotated. */
  device: z.string().regex(/^\d+$/),
  inode: z.string().regex(/^\d+$/),
  /** Behind the last line that is safe in the spool. */
  offset: z.int().min(0),
});

/** A place in a file. */
export type LogPosition = Omit<z.output<typeof positionSchema>, "format">;

/** @returns what was kept; null where there is nothing, or nothing of use: the log is then read from its begin */
export async function readPosition(path: string): Promise<LogPosition | null> {
  try {
    const { device, inode, offset } = positionSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return { device, inode, offset };
  } catch {
    return null;
  }
}

/** Keeps a position. @throws MerlonError MERLON_INPUT where the disk does not take it */
export async function writePosition(path: string, position: LogPosition): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ format: 1, ...position })}\n`);
}
