/**
 * Builds everything that lies in `build/`: `node hosts/build.ts <step…>`.
 *
 * The steps `release`, `checked` and `test` compile the core; `image` bundles the command line beside the released
 * core. Whether a build is due is decided in `bootstrap.mjs`, so a step given here always runs. Outputs appear by
 * rename: a process that reads `build/` meanwhile sees the old file or the new one and never half of one.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds of the core by their target in asconfig.json: where compilation starts and what it leaves behind. */
export const CORE_BUILDS = {
  /** What hosts load. Its typings are the hosts' only knowledge of the exports. */
  release: { entry: "assembly/index.ts", output: "merlon.wasm", bindings: true },
  /** Every load and store checked against its slice; fuzzing and conformance run on it too. */
  checked: { entry: "assembly/index.ts", output: "merlon.checked.wasm", bindings: false },
  /** Opens internals of the core to the tests. */
  test: { entry: "test/assembly/entry.ts", output: "merlon.test.wasm", bindings: false },
} as const;
export type CoreBuild = keyof typeof CORE_BUILDS;

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
  const { entry, output, bindings } = CORE_BUILDS[name];
  const options = ["--target", name, "--baseDir", root, "--outFile", output];
  const outputs = new Map<string, Uint8Array | string>();
  const result = await asc.main([entry, ...options, ...(bindings ? ["--bindings", "raw"] : [])], {
    stdout: process.stderr,
    stderr: process.stderr,
    writeFile: (file, content) => void outputs.set(file, content),
  });
  if (result.error !== null) return false;
  // The emitted .js refers to imports as free globals and serves no host; see ARCHITECTURE.md.
  for (const [file, content] of outputs) if (!file.endsWith(".js")) await replaceFile(join(folder, file), content);
  return true;
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
  await replaceFile(join(image, "build/merlon.wasm"), await readFile(join(folder, "merlon.wasm")));
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
