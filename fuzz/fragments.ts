/** Bits of attacks and of ordinary text that generated requests are made of; the files lie in `fragments/`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "fragments");

/** All lines of all files, one byte a character. */
export const FRAGMENTS: readonly string[] = readdirSync(FOLDER)
  .sort()
  .flatMap((file) => readFileSync(join(FOLDER, file), "latin1").split("\n"))
  .filter((line) => line !== "");
