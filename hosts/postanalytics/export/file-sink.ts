/** A file of JSON lines in the data folder, for whatever collects logs from disk; on disk before it counts. */
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { recordLine } from "../api/record-file.ts";
import type { Sink } from "./sink.ts";

/** @param path grows for ever: rotate it by renaming, it is opened for each batch */
export function fileSink(path: string): Sink {
  return {
    deliver: async (batch) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await using file = await open(path, "a", 0o600);
      await file.write(batch.map((record) => `${recordLine(record, "jsonl")}\n`).join(""));
      await file.datasync();
    },
    close: async () => {},
  };
}
