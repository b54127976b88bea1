/**
 * STYLE.md as a test. The rules lie in `tidy/`; here each is held against the repository, against a small tree that
 * breaks it, and its exceptions against what they except.
 */
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { IMPORT_RULES } from "./tidy/import-rules.ts";
import { isExcepted, readTree, type SourceFile, toSourceFile } from "./tidy/source.ts";
import { TEXT_RULES } from "./tidy/text-rules.ts";

const ROOT = dirname(import.meta.dirname);
const RULES = [...TEXT_RULES, ...IMPORT_RULES];
const REPOSITORY = readTree(ROOT);

function treeOf(files: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(files).map(([path, text]) => toSourceFile(path, Buffer.from(text)));
}

describe("the repository", () => {
  test.each(RULES)("$name", ({ find, except = {} }) => {
    const exceptions = Object.keys(except);
    const findings = find(REPOSITORY).filter(
      ({ path }) => !exceptions.some((exception) => isExcepted(exception, path)),
    );
    expect(findings.map(({ path, line, why }) => `${path}${line === 0 ? "" : `:${line}`} ${why}`)).toEqual([]);
  });

  test.each(RULES.filter(({ except }) => except !== undefined))(
    "needs each exception of: $name",
    ({ find, except = {} }) => {
      const findings = find(REPOSITORY);
      const idle = Object.keys(except).filter((exception) => !findings.some(({ path }) => isExcepted(exception, path)));
      expect(idle).toEqual([]);
    },
  );

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
