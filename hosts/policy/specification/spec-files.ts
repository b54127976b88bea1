/** Files of specifications beside a policy file: read with a bound, and looked at for changes as the policy is. */
import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { MerlonError } from "../../core/error.ts";

/** Bytes of the largest specification. */
export const SPEC_FILE_BYTES_MAX = 4 * 1024 * 1024;

/** The files that a policy names. */
export class SpecFiles {
  readonly #folder: string;
  readonly #paths = new Set<string>();

  /** @param folder of the policy file: names are read as seen from there */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws MerlonError MERLON_INPUT where the file cannot be read or is too large */
  readonly read = (name: string): string => {
    const path = resolve(this.#folder, name);
    this.#paths.add(path);
    try {
      const file = openSync(path, "r");
      try {
        const stat = fstatSync(file);
        if (stat.isFile() && stat.size <= SPEC_FILE_BYTES_MAX) return readFileSync(file, "utf8");
      } finally {
        closeSync(file);
      }
    } catch (cause) {
      throw new MerlonError("MERLON_INPUT", `the specification ${path} cannot be read — check its path`, { cause });
    }
    const fix = `it takes files of up to ${SPEC_FILE_BYTES_MAX} bytes; split it by paths`;
    throw new MerlonError("MERLON_INPUT", `the specification ${path} cannot be read — ${fix}`);
  };

  /** @returns a text that changes when one of the files that were read does; empty where none was */
  stamp(): string {
    return [...this.#paths]
      .map((path) => {
        const stat = statSync(path, { throwIfNoEntry: false });
        return `${path} ${stat?.mtimeMs ?? 0} ${stat?.size ?? 0} ${stat?.ino ?? 0}`;
      })
      .join("\n");
  }
}
