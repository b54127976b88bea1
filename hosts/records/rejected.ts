/** Records that nobody takes: kept beside the spool with the reason, for a person to look at, up to a bound. */
import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { quietly } from "./spool/segments.ts";

/** Bytes of the file; beyond that, records that are refused are only counted. */
export const REJECTED_BYTES_MAX = 4 * 1024 * 1024;
const FILE = "rejected.jsonl";

/** @returns keeps a record with its reason as a line of JSON; never rejects */
export function rejectedFile(folder: string): (record: Buffer, reason: string) => Promise<void> {
  const path = join(folder, FILE);
  return async (record, reason) => {
    const line = `${JSON.stringify({ reason, record: record.toString("utf8") })}\n`;
    const size = await stat(path).then(
      (facts) => facts.size,
      () => 0,
    );
    if (size + Buffer.byteLength(line) > REJECTED_BYTES_MAX) return;
    await quietly(() => appendFile(path, line, { mode: 0o600 }));
  };
}
