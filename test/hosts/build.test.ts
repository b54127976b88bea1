/** The build steps: what they leave in `build/`, and that equal sources give equal bytes. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundleImage, CORE_BUILDS, type CoreBuild, compileCore } from "../../hosts/build.ts";

const ROOT = join(import.meta.dirname, "../..");
const CORE = "export const LIMIT: u32 = 3;\nexport function limit_of(size: u32): u32 { return size + LIMIT; }\n";
const NAMES = Object.keys(CORE_BUILDS) as CoreBuild[];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "merlon-build-"));
  const options = { runtime: "stub", use: ["abort="], exportStart: "_initialize" };
  put("asconfig.json", JSON.stringify({ targets: { release: { optimizeLevel: 3 }, checked: {} }, options }));
  put("assembly/index.ts", CORE);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

describe("a build of the core", () => {
  test("leaves the module, with typings only for hosts' own build", async () => {
    expect(await compileCore("release", root)).toBe(true);
    expect(await compileCore("checked", root)).toBe(true);
    expect(readdirSync(join(root, "build")).sort()).toEqual(["merlon.checked.wasm", "merlon.d.ts", "merlon.wasm"]);
    expect(readFileSync(join(root, "build/merlon.d.ts"), "utf8")).toContain("limit_of(size: number): number");
    const { instance } = await WebAssembly.instantiate(readFileSync(join(root, "build/merlon.wasm")));
    const exported = instance.exports["limit_of"] as (size: number) => number;
    expect(exported(4)).toBe(7);
  });

  test("is refused for a target that asconfig.json does not have", async () => {
    put("test/assembly/entry.ts", CORE);
    expect(await compileCore("test", root)).toBe(false);
    expect(existsSync(join(root, "build"))).toBe(false);
  });

  test("that fails leaves what was built before", async () => {
    await compileCore("release", root);
    const before = readFileSync(join(root, "build/merlon.wasm"));
    put("assembly/index.ts", "export function limit_of(: u32 {");
    expect(await compileCore("release", root)).toBe(false);
    expect(readFileSync(join(root, "build/merlon.wasm"))).toEqual(before);
  });
});

test.each(NAMES)("the `%s` build of Merlon's core has the same bytes in another folder", async (name) => {
  for (const path of ["asconfig.json", "assembly", "hosts/dataplane/envoy", "test/assembly/entry.ts"]) {
    cpSync(join(ROOT, path), join(root, path), { recursive: true });
  }
  expect(await compileCore(name, ROOT, join(root, "here"))).toBe(true);
  expect(await compileCore(name, root, join(root, "there"))).toBe(true);
  for (const file of readdirSync(join(root, "here"))) {
    expect(readFileSync(join(root, "there", file)).equals(readFileSync(join(root, "here", file)))).toBe(true);
  }
  expect(readdirSync(join(root, "there"))).toEqual(readdirSync(join(root, "here")));
});

test("the image's bundle runs alone and finds the core where its source does", async () => {
  put("hosts/core/engine.ts", 'export const CORE: URL = new URL("../../build/merlon.wasm", import.meta.url);\n');
  const program = 'import { readFileSync } from "node:fs";\nimport { CORE } from "../core/engine.ts";\n';
  put("hosts/cli/main.ts", `${program}const found: number = readFileSync(CORE).length;\nconsole.log(found);\n`);
  await compileCore("release", root);
  await bundleImage(root);
  const moved = join(root, "elsewhere");
  cpSync(join(root, "build/image"), moved, { recursive: true });
  const output = execFileSync(process.execPath, [join(moved, "hosts/cli/main.mjs")], { encoding: "utf8" });
  expect(Number(output)).toBe(readFileSync(join(root, "build/merlon.wasm")).length);
});
