/** Files of specifications: bounded, as seen from the policy's folder, and a change is seen. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SPEC_FILE_BYTES_MAX, SpecFiles } from "../../../../hosts/policy/specification/spec-files.ts";

test("files are read with a bound, and their stamp changes with them", () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-spec-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const specs = new SpecFiles(folder);
  expect(specs.stamp()).toBe("");
  writeFileSync(join(folder, "a.yaml"), "openapi");
  expect(specs.read("a.yaml")).toBe("openapi");
  const stamp = specs.stamp();
  expect(specs.stamp()).toBe(stamp);
  writeFileSync(join(folder, "a.yaml"), "openapi: 3");
  expect(specs.stamp()).not.toBe(stamp);
  rmSync(join(folder, "a.yaml"));
  expect(specs.stamp()).not.toBe(stamp);
  expect(() => specs.read("a.yaml")).toThrow("cannot be read");
  expect(() => specs.read(".")).toThrow("cannot be read");
  writeFileSync(join(folder, "b.yaml"), Buffer.alloc(SPEC_FILE_BYTES_MAX + 1));
  expect(() => specs.read("b.yaml")).toThrow("split it by paths");
});
