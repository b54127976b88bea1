/** The build steps: what they leave in `build/`, and that equal sources give equal bytes. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundleImage, CORE_BUILDS, type CoreBuild, compileCore } from "../../hosts/build.ts";
import { buildConsole, bundleConsole } from "../../hosts/web/page-files.ts";

const ROOT = join(import.meta.dirname, "../..");
const CORE = "export const LIMIT: u32 = 3;\nexport function limit_of(size: u32): u32 { return size + LIMIT; }\n";
/** A core that marks bytes as alive and reads. */
const READER = `
import { guard_mark } from "./env";
export function allow(at: usize, size: u32): void { guard_mark(at, size, 1); }
export function read(at: usize): u32 { return load<u8>(at); }
`;
const ENV = "export declare function guard_mark(at: usize, size: u32, state: u32): void;\n";
/** A build of the whole core, on a machine with other work to do. */
const BUILD_MS = 240_000;
const NAMES = Object.keys(CORE_BUILDS) as CoreBuild[];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "merlon-build-"));
  const options = { runtime: "stub", use: ["abort="], exportStart: "_initialize", initialMemory: 1 };
  put("asconfig.json", JSON.stringify({ targets: { release: { optimizeLevel: 3 }, checked: {} }, options }));
  put("assembly/index.ts", CORE);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

async function exportsOf(file: string): Promise<Record<string, (...values: number[]) => number>> {
  const { instance } = await WebAssembly.instantiate(readFileSync(join(root, "build", file)));
  return instance.exports as Record<string, (...values: number[]) => number>;
}

describe("a build of the core", () => {
  test("for hosts leaves the module, its hash and its typings", async () => {
    expect(await compileCore("release", root)).toBe(true);
    expect(readdirSync(join(root, "build")).sort()).toEqual(["merlon.d.ts", "merlon.wasm", "merlon.wasm.sha256"]);
    expect(readFileSync(join(root, "build/merlon.d.ts"), "utf8")).toContain("limit_of(size: number): number");
    const wasm = readFileSync(join(root, "build/merlon.wasm"));
    const hash = createHash("sha256").update(wasm).digest("hex");
    expect(readFileSync(join(root, "build/merlon.wasm.sha256"), "utf8")).toBe(`${hash}\n`);
    expect((await exportsOf("merlon.wasm"))["limit_of"]?.(4)).toBe(7);
  });

  test("with checks traps at a byte that was not given to it", async () => {
    put("assembly/index.ts", READER);
    put("assembly/env.ts", ENV);
    cpSync(join(ROOT, "assembly/checked"), join(root, "assembly/checked"), { recursive: true });
    expect(await compileCore("checked", root)).toBe(true);
    const { allow, read } = await exportsOf("merlon.checked.wasm");
    allow?.(1024, 4);
    expect(read?.(1027)).toBe(0);
    expect(() => read?.(1028)).toThrow("unreachable");
    expect(() => read?.(1023)).toThrow("unreachable");
  });

  test("is refused for a target that asconfig.json does not have", async () => {
    put("test/assembly/entry.ts", CORE);
    expect(await compileCore("test", root)).toBe(false);
    expect(existsSync(join(root, "build"))).toBe(false);
  });

  test.each([
    ["joins strings", 'export function f(): u32 { const s = "a" + "b"; return load<u16>(changetype<usize>(s)); }'],
    ["creates an object", "class A { b: u32 = 1; }\nexport function f(): A { return new A(); }"],
    ["imports what hosts do not offer", '@external("env", "read_file")\ndeclare function g(): void;\ng();'],
    ["imports from elsewhere", '@external("wasi", "proxy_log")\ndeclare function g(): void;\ng();'],
    ["is too large", "export function f(): usize { return memory.data(600000); }\nstore<u8>(f() + 599999, 1);"],
    ["uses threads", "export function f(): u32 { return atomic.load<u32>(64); }", "threads"],
  ])("for hosts is refused when it %s", async (_what, source, feature = "simd") => {
    put("asconfig.json", JSON.stringify({ targets: { release: {} }, options: { use: ["abort="], enable: [feature] } }));
    put("assembly/index.ts", source);
    expect(await compileCore("release", root)).toBe(false);
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

test.each(NAMES)(
  "the `%s` build of Merlon's core has the bytes in another folder that `npm run build` has left here",
  async (name) => {
    const sources = ["asconfig.json", "assembly", "hosts/dataplane/envoy"];
    for (const path of name === "test" ? [...sources, "test/assembly"] : sources) {
      cpSync(join(ROOT, path), join(root, path), { recursive: true });
    }
    expect(await compileCore(name, root, join(root, "there"))).toBe(true);
    const files = readdirSync(join(root, "there"));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(readFileSync(join(root, "there", file)).equals(readFileSync(join(ROOT, "build", file))), file).toBe(true);
    }
  },
  BUILD_MS,
);

test("the image's bundle runs alone and finds the core where its source does", async () => {
  put("hosts/core/engine.ts", 'export const CORE: URL = new URL("../../build/merlon.wasm", import.meta.url);\n');
  const program = 'import { readFileSync } from "node:fs";\nimport { CORE } from "../core/engine.ts";\n';
  put("hosts/cli/suite/attacks.yaml", "[]\n");
  put("hosts/postanalytics/store/sqlite-thread/main.ts", 'console.log("a thread");\n');
  put("hosts/postanalytics/store/scan-thread/main.ts", 'console.log("another thread");\n');
  put("hosts/cli/main.ts", `${program}const found: number = readFileSync(CORE).length;\nconsole.log(found);\n`);
  await compileCore("release", root);
  await bundleImage(root);
  const moved = join(root, "elsewhere");
  expect(readFileSync(join(root, "build/image/hosts/cli/suite/attacks.yaml"), "utf8")).toBe("[]\n");
  cpSync(join(root, "build/image"), moved, { recursive: true });
  const output = execFileSync(process.execPath, [join(moved, "hosts/cli/main.mjs")], { encoding: "utf8" });
  expect(Number(output)).toBe(readFileSync(join(root, "build/merlon.wasm")).length);
  const thread = execFileSync(process.execPath, [join(moved, "hosts/cli/sqlite-thread.mjs")], { encoding: "utf8" });
  expect(thread).toBe("a thread\n");
  const other = execFileSync(process.execPath, [join(moved, "hosts/cli/scan-thread.mjs")], { encoding: "utf8" });
  expect(other).toBe("another thread\n");
  const pages = await bundleConsole(pathToFileURL(`${join(moved, "hosts/web/bundle")}/`));
  expect(pages).toEqual(await buildConsole());
});
