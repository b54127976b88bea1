/**
 * Builds everything that lies in `build/`: `node hosts/build.ts <step…>`.
 *
 * The steps `release`, `checked` and `test` compile the core; `image` bundles the command line beside the released
 * core. Whether a build is due is decided in `bootstrap.mjs`, so a step given here always runs. Outputs appear by
 * rename: a process that reads `build/` meanwhile sees the old file or the new one and never half of one.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds of the core by their target in asconfig.json: where compilation starts and what it leaves behind. */
export const CORE_BUILDS = {
  /** What hosts load. Its typings are the hosts' only knowledge of the exports. */
  release: { entry: "assembly/index.ts", output: "merlon.wasm" },
  /** Every load and store asks the checker first (assembly/bytes/guard.ts); fuzzing and conformance run on it too. */
  checked: { entry: "assembly/index.ts", output: "merlon.checked.wasm" },
  /** Opens internals of the core to the tests. */
  test: { entry: "test/assembly/entry.ts", output: "merlon.test.wasm" },
} as const;
export type CoreBuild = keyof typeof CORE_BUILDS;

const CHECKER = "assembly/checked/checker.ts";
const CHECKER_OPTIONS = ["--optimizeLevel", "3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--debug"];
/** What the compiler emits for all cores, `multimemory` for the checker's own, and `-g` to keep names for traps. */
const WASM_FEATURES = [
  ...["-g", "--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext"],
  ...["--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue", "--enable-multimemory"],
];

/**
 * Compiles one build of the core. Equal sources give equal bytes on every machine.
 * @param name a key of CORE_BUILDS, which is also the target in asconfig.json
 * @param root folder of asconfig.json and the sources
 * @param folder where the outputs go
 * @returns false when the compiler found errors, which are then on stderr; the outputs are untouched
 */
export async function compileCore(
  name: CoreBuild,
  root: string = ROOT,
  folder = join(root, "build"),
): Promise<boolean> {
  // The compiler ignores a target that it does not know and would build without optimisation.
  const config: unknown = JSON.parse(await readFile(join(root, "asconfig.json"), "utf8"));
  if (!hasTarget(config, name)) {
    process.stderr.write(`asconfig.json has no target "${name}"; add it under "targets"\n`);
    return false;
  }
  const { entry, output } = CORE_BUILDS[name];
  const debug = name === "checked" ? ["--debug"] : [];
  const core = await compile(root, entry, ["--target", name, "--bindings", "raw", ...debug]);
  if (core === undefined) return false;
  if (name !== "checked") {
    await replaceFile(join(folder, output), core.wasm);
  } else {
    const checker = await compile(root, CHECKER, CHECKER_OPTIONS);
    if (checker === undefined) return false;
    await replaceFile(join(folder, output), await mergeChecker(core.wasm, checker.wasm));
  }
  if (name === "release") {
    await replaceFile(join(folder, "merlon.d.ts"), core.typings);
    await replaceFile(join(folder, "merlon.wasm.sha256"), `${createHash("sha256").update(core.wasm).digest("hex")}\n`);
  }
  return true;
}

interface Compiled {
  readonly wasm: Uint8Array;
  readonly typings: string;
}

async function compile(root: string, entry: string, options: readonly string[]): Promise<Compiled | undefined> {
  const compiled: { -readonly [Key in keyof Compiled]: Compiled[Key] } = { wasm: new Uint8Array(), typings: "" };
  const result = await asc.main([entry, ...options, "--baseDir", root, "--outFile", "core.wasm"], {
    stdout: process.stderr,
    stderr: process.stderr,
    // The .js among the outputs refers to imports as free globals and serves no host.
    writeFile: (file, content) => {
      if (typeof content !== "string") compiled.wasm = content;
      else if (file.endsWith(".d.ts")) compiled.typings = content;
    },
  });
  return result.error === null ? compiled : undefined;
}

/** Makes the core ask the checker before each load and store, and both one module. Binaryen comes with the compiler. */
async function mergeChecker(core: Uint8Array, checker: Uint8Array): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "merlon-checked-"));
  const binaryen = async (program: string, args: readonly string[]): Promise<unknown> => {
    const file = join(ROOT, "node_modules/binaryen/bin", program);
    return await promisify(execFile)(process.execPath, [file, ...args, ...WASM_FEATURES], { cwd: folder });
  };
  try {
    await writeFile(join(folder, "core.wasm"), core);
    await writeFile(join(folder, "checker.wasm"), checker);
    await binaryen("wasm-opt", ["core.wasm", "--instrument-memory", "-o", "asking.wasm"]);
    const pair = ["asking.wasm", "core", "checker.wasm", "env"];
    await binaryen("wasm-merge", [...pair, "--skip-export-conflicts", "-o", "merged.wasm"]);
    await binaryen("wasm-opt", ["merged.wasm", "-O2", "-o", "checked.wasm"]);
    return await readFile(join(folder, "checked.wasm"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function hasTarget(config: unknown, name: string): boolean {
  if (typeof config !== "object" || config === null || !("targets" in config)) return false;
  return typeof config.targets === "object" && config.targets !== null && Object.hasOwn(config.targets, name);
}

/**
 * Bundles the command line for the container image into `<folder>/image`, where it lies as deep as its source does
 * beside the core, so that the core is found by the same relative path.
 */
export async function bundleImage(root: string = ROOT, folder = join(root, "build")): Promise<boolean> {
  const image = join(folder, "image");
  await build({
    absWorkingDir: root,
    entryPoints: ["hosts/cli/main.ts"],
    outfile: join(image, "hosts/cli/main.mjs"),
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: "linked",
    // Dependencies in CommonJS call `require` for Node's own modules, which an ES module does not have.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  for (const file of ["merlon.wasm", "merlon.wasm.sha256"]) {
    await replaceFile(join(image, "build", file), await readFile(join(folder, file)));
  }
  return true;
}

async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const passing = `${path}.${process.pid}`;
  await writeFile(passing, content);
  await rename(passing, path);
}

async function runStep(step: string): Promise<boolean> {
  if (step === "image") return await bundleImage();
  if (isCoreBuild(step)) return await compileCore(step);
  process.stderr.write(`unknown; use one of ${Object.keys(CORE_BUILDS).join(", ")}, image\n`);
  return false;
}

function isCoreBuild(step: string): step is CoreBuild {
  return Object.hasOwn(CORE_BUILDS, step);
}

async function main(steps: readonly string[]): Promise<number> {
  for (const step of steps) {
    if (await runStep(step)) continue;
    process.stderr.write(`build step "${step}" failed\n`);
    return 1;
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
