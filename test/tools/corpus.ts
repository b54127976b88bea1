/** The labelled request sets, which are no part of the repository: they are read from beside it where they exist. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./component.ts";

/**
 * @param name of a set: `blazehttp`
 * @returns path of the set (gzip, one JSON object a line), or undefined where it is not; MERLON_CORPORA names another
 * folder than `../shared/corpora`
 */
export function corpus(name: string): string | undefined {
  const folder = process.env["MERLON_CORPORA"] ?? join(ROOT, "../shared/corpora");
  const path = join(folder, `${name}.jsonl.gz`);
  return /^[a-z0-9_]+$/.test(name) && existsSync(path) ? path : undefined;
}
