/**
 * Real components for tests: Envoy, a second WebAssembly engine, a browser, request sets. A test that needs one asks
 * here for the one rule of what happens without it: outside CI it is skipped by name with the reason, and where
 * MERLON_REQUIRE_REAL=1 is set, as in CI, it fails.
 */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { TestContext } from "vitest";

/** Root of the repository. */
export const ROOT: string = dirname(dirname(import.meta.dirname));
/** Longest that an installation may take before it counts as failed. */
export const INSTALL_TIMEOUT_MS = 300_000;
const OUTPUT_BYTES_MAX = 1 << 24;
const REASON_CHARACTERS_MAX = 300;

/** A component that is there, or the reason why it is not: what was tried and what would help. */
export type Component<T> = { readonly found: T } | { readonly missing: string };

/**
 * Hands out a component or ends the test: as skipped, with the reason in the report, or as failed where real
 * components are required. Works in tests and in `beforeEach`, whose first argument is the context.
 */
export function requireOrSkip<T>(context: Pick<TestContext, "skip">, component: Component<T>): T {
  if ("found" in component) return component.found;
  if (isRequired()) throw new Error(`MERLON_REQUIRE_REAL is set: ${component.missing}`);
  // vitest prints this with the test's name; a skip's own note only shows in its verbose report.
  console.warn(`skipped: ${component.missing}`);
  return context.skip(component.missing);
}

/** True in CI: a component that is missing is a failure there. */
export function isRequired(): boolean {
  return process.env["MERLON_REQUIRE_REAL"] === "1";
}

/** @returns a folder below `.cache` that exists; nothing in it is committed and all of it can be made again */
export async function cacheFolder(...names: readonly string[]): Promise<string> {
  const folder = join(ROOT, ".cache", ...names);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Runs a program to its end. @returns its stdout, or undefined when it cannot be started or fails */
export async function outputOf(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string | undefined> {
  const outcome = await install(file, args, env);
  return "found" in outcome ? outcome.found : undefined;
}

/** Runs a program that installs something. @returns its stdout, or the last words of its failure */
export async function install(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Component<string>> {
  const options = { env: { ...process.env, ...env }, timeout: INSTALL_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
  try {
    return { found: (await promisify(execFile)(file, args, options)).stdout };
  } catch (error) {
    const { message = "", stderr = "" } = error as { message?: string; stderr?: string };
    const words = (stderr === "" ? message : stderr).trim().slice(-REASON_CHARACTERS_MAX);
    return { missing: `\`${file} ${args.join(" ")}\` failed: ${words}` };
  }
}
