/**
 * Builds everything that lies in `build/`: `node hosts/build.ts <step…>`.
 *
 * The steps `release`, `checked` and `test` compile the core; `image` bundles the command line beside the released
 * core. Whether a build is due is decided in `bootstrap.mjs`, so a step given here always runs. Outputs appear by
 * rename: a process that reads `build/` meanwhile sees the old file or the new one and never half of one.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import asc from "assemblyscript/asc";
import { build } from "esbuild";
import { buildConsole } from "./web/page-files.ts";

/** What `merlon test` sends. */
const SUITE = "hosts/cli/suite";
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
const CHECKER_OPTIONS = [
  ...["--optimizeLevel", "3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--debug"],
  // One byte of shadow for each byte that may be watched (128 MiB), and a page for the checker itself.
  ...["--initialMemory", "2049"],
];
/** What the compiler may emit: engines in Envoy, Node, browsers and wasmtime have all of these. */
const WASM_FEATURES = [
  ...["--mvp-features", "--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"],
  ...["--enable-sign-ext", "--enable-mutable-globals", "--enable-reference-types", "--enable-multivalue"],
];
/** The checker has a memory of its own; `-g` keeps names for traps. */
const CHECKED_FEATURES = [...WASM_FEATURES, "--enable-multimemory", "-g"];

/** Largest released module: it is pushed to every proxy and compiled there. */
const WASM_BYTES_MAX = 512 * 1024;
/**
 * Functions of Proxy-Wasm ABI 0.2.1 that the released module may import, all from "env"; hosts that are no proxy stub
 * them. None of them gives the core files, sockets or secrets.
 */
const WASM_IMPORTS: ReadonlySet<string> = new Set([
  ...["proxy_log", "proxy_get_property", "proxy_set_property", "proxy_get_buffer_bytes", "proxy_set_buffer_bytes"],
  ...["proxy_get_header_map_pairs", "proxy_get_header_map_value", "proxy_add_header_map_value"],
  ...["proxy_replace_header_map_value", "proxy_remove_header_map_value", "proxy_send_local_response"],
  ...[
    "proxy_continue_stream",
    "proxy_close_stream",
    "proxy_set_effective_context",
    "proxy_set_tick_period_milliseconds",
  ],
  ...["proxy_get_current_time_nanoseconds", "proxy_http_call", "proxy_define_metric", "proxy_increment_metric"],
  ...["proxy_record_metric", "proxy_get_shared_data", "proxy_set_shared_data", "proxy_done"],
]);

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
  const extra = { release: ["--textFile", "core.wat"], checked: ["--debug"], test: [] }[name];
  const core = await compile(root, entry, ["--target", name, "--bindings", "raw", ...extra]);
  if (core === undefined) return false;
  const faults = name === "release" ? await faultsOf(core) : [];
  for (const fault of faults) process.stderr.write(`the released core ${fault}\n`);
  if (faults.length > 0) return false;
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
  /** The module as text with the names of the sources; empty unless asked for. */
  readonly text: string;
}

async function compile(root: string, entry: string, options: readonly string[]): Promise<Compiled | undefined> {
  const compiled: { -readonly [Key in keyof Compiled]: Compiled[Key] } = {
    wasm: new Uint8Array(),
    typings: "",
    text: "",
  };
  const result = await asc.main([entry, ...options, "--baseDir", root, "--outFile", "core.wasm"], {
    stdout: process.stderr,
    stderr: process.stderr,
    // The .js among the outputs refers to imports as free globals and serves no host.
    writeFile: (file, content) => {
      if (typeof content !== "string") compiled.wasm = content;
      else if (file.endsWith(".d.ts")) compiled.typings = content;
      else if (file.endsWith(".wat")) compiled.text = content;
    },
  });
  return result.error === null ? compiled : undefined;
}

/** Makes the core ask the checker before each load and store, and both one module. */
async function mergeChecker(core: Uint8Array, checker: Uint8Array): Promise<Uint8Array> {
  return await inFolderOf({ "core.wasm": core, "checker.wasm": checker }, async (folder) => {
    const binaryen = (...args: readonly string[]) => runBinaryen(folder, [...args, ...CHECKED_FEATURES]);
    await binaryen("wasm-opt", "core.wasm", "--instrument-memory", "-o", "asking.wasm");
    const pair = ["asking.wasm", "core", "checker.wasm", "env"];
    await binaryen("wasm-merge", ...pair, "--skip-export-conflicts", "-o", "merged.wasm");
    // The question before each access is made part of the code around it, which halves its cost.
    const inline = ["--always-inline-max-function-size", "120"];
    await binaryen("wasm-opt", "merged.wasm", "-O2", ...inline, "-o", "checked.wasm");
    return await readFile(join(folder, "checked.wasm"));
  });
}

/**
 * What must not be in a module that hosts load.
 * @returns what is wrong with it, each as the end of a sentence; empty when it may be released
 */
async function faultsOf({ wasm, text }: Compiled): Promise<string[]> {
  const faults: string[] = [];
  for (const [, from = "", name = ""] of text.matchAll(/^ *\(import "([^"]*)" "([^"]*)"/gm)) {
    if (from !== "env" || !WASM_IMPORTS.has(name)) faults.push(`imports ${from}.${name}, which no host offers it`);
  }
  // The allocator's memory is the arena's memory: joining two string literals once overwrote a transaction.
  const allocator = /\$(~lib\/rt\/[\w/]+)/.exec(text)?.[1];
  if (allocator !== undefined)
    faults.push(`allocates (${allocator}): write joined strings as one literal, use the arena`);
  if (wasm.length > WASM_BYTES_MAX) faults.push(`has ${wasm.length} bytes, more than ${WASM_BYTES_MAX}`);
  const refusal = await inFolderOf({ "core.wasm": wasm }, async (folder) =>
    runBinaryen(folder, ["wasm-opt", "core.wasm", ...WASM_FEATURES]).then(
      () => "",
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    ),
  );
  if (refusal !== "") faults.push(`uses a feature that some host does not have: ${refusal}`);
  return faults;
}

/** Runs one of Binaryen's programs, which come with the compiler. @throws when it fails, with its words */
async function runBinaryen(folder: string, [program = "", ...args]: readonly string[]): Promise<void> {
  const file = join(ROOT, "node_modules/binaryen/bin", program);
  await promisify(execFile)(process.execPath, [file, ...args], { cwd: folder });
}

/** Does work with files in a folder that is removed afterwards. */
async function inFolderOf<T>(
  files: Readonly<Record<string, Uint8Array>>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "merlon-build-"));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return await work(folder);
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
    // A thread has a file of its own, beside the one that starts it.
    entryPoints: {
      main: "hosts/cli/main.ts",
      "sqlite-thread": "hosts/postanalytics/store/sqlite-thread/main.ts",
      "scan-thread": "hosts/postanalytics/store/scan-thread/main.ts",
    },
    outdir: join(image, "hosts/cli"),
    outExtension: { ".js": ".mjs" },
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
  for (const [path, { content }] of await buildConsole()) {
    await replaceFile(join(image, "hosts/web/bundle", path), content);
  }
  // Data that the command line reads beside its own file.
  await cp(join(root, SUITE), join(image, SUITE), { recursive: true });
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
