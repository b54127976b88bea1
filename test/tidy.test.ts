/**
 * STYLE.md as a test. The rules lie in `tidy/`; here each is held against the repository, against a small tree that
 * breaks it, and its exceptions against what they except.
 */
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { IMPORT_RULES } from "./tidy/import-rules.ts";
import { readTree, type SourceFile, toSourceFile } from "./tidy/source.ts";
import { TEXT_RULES } from "./tidy/text-rules.ts";

const ROOT = dirname(import.meta.dirname);
const RULES = [...TEXT_RULES, ...IMPORT_RULES];
const REPOSITORY = readTree(ROOT);

function treeOf(files: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(files).map(([path, text]) => toSourceFile(path, Buffer.from(text)));
}

describe("the repository", () => {
  test.each(RULES)("$name", ({ find, except = {} }) => {
    const findings = find(REPOSITORY).filter(({ path }) => !Object.hasOwn(except, path));
    expect(findings.map(({ path, line, why }) => `${path}${line === 0 ? "" : `:${line}`} ${why}`)).toEqual([]);
  });

  test.each(RULES)("needs each exception of: $name", ({ find, except = {} }) => {
    const found = new Set(find(REPOSITORY).map(({ path }) => path));
    expect(Object.keys(except).filter((path) => !found.has(path))).toEqual([]);
  });

  test("holds no path of the machine it was written on", () => {
    const folders = [`${ROOT}/`, join(dirname(ROOT), "shared")];
    const named = REPOSITORY.filter(({ text }) => folders.some((folder) => text.includes(folder)));
    expect(named.map(({ path }) => path)).toEqual([]);
  });
});

describe("a rule notices its breach", () => {
  test.each(RULES)("$name", ({ find, broken }) => {
    const files = treeOf(broken);
    // A manifest beside another file is there for that file's sake.
    const guilty = files.filter(({ path }) => path !== "package.json" || files.length === 1).map(({ path }) => path);
    expect(new Set(find(files).map(({ path }) => path))).toEqual(new Set(guilty));
  });
});
