/** What a test gets when it asks for a real component: the component, a named skip, or in CI a failure. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { chromium } from "./chromium.ts";
import { type Component, install, requireOrSkip } from "./component.ts";
import { corpus } from "./corpus.ts";
import { envoyBinary, pythonWithWasmtime } from "./wheels.ts";

afterEach(() => vi.unstubAllEnvs());

describe("requireOrSkip", () => {
  /** Stands in for vitest's context: like it, `skip` ends the test by throwing. */
  const context = {
    skip(note?: unknown): never {
      throw new Error(`skipped: ${note}`);
    },
  };
  const missing: Component<string> = { missing: "no envoy for this processor" };

  test("hands out what is there", () => {
    expect(requireOrSkip(context, { found: "/bin/envoy" })).toBe("/bin/envoy");
  });

  test("skips by name with the reason", () => {
    vi.stubEnv("MERLON_REQUIRE_REAL", "");
    expect(() => requireOrSkip(context, missing)).toThrow("skipped: no envoy for this processor");
  });

  test("fails in CI", () => {
    vi.stubEnv("MERLON_REQUIRE_REAL", "1");
    expect(() => requireOrSkip(context, missing)).toThrow(/^MERLON_REQUIRE_REAL is set: no envoy/);
  });
});

describe("install", () => {
  test("says which program failed and its last words", async () => {
    const outcome = await install("sh", ["-c", "echo disk is full >&2; exit 1"]);
    expect(outcome).toEqual({ missing: "`sh -c echo disk is full >&2; exit 1` failed: disk is full" });
  });

  test("says which program is not there", async () => {
    const outcome = await install("no-such-program", []);
    expect(outcome).toEqual({ missing: expect.stringContaining("`no-such-program ` failed: spawn no-such-program") });
  });
});

describe("the component", () => {
  test("Envoy starts", async (context) => {
    const envoy = requireOrSkip(context, await envoyBinary());
    const { stdout } = await promisify(execFile)(envoy, ["--version"]);
    expect(stdout).toMatch(/version: \w+\/1\.40\.0\//);
  });

  test("wasmtime runs a module", async (context) => {
    const python = requireOrSkip(context, await pythonWithWasmtime());
    const module = '(module (func (export "f") (result i32) i32.const 42))';
    const lines = [
      "from wasmtime import Store, Module, Instance",
      "store = Store()",
      `instance = Instance(store, Module(store.engine, '${module}'), [])`,
      'print(instance.exports(store)["f"](store))',
    ];
    const env = { ...process.env, ...python.env };
    expect(spawnSync(python.command, ["-c", lines.join("\n")], { env, encoding: "utf8" }).stdout).toBe("42\n");
  });

  test("Chromium starts", async (context) => {
    const browser = requireOrSkip(context, await chromium());
    expect((await promisify(execFile)(browser, ["--version"])).stdout).toMatch(/^(?:Chromium|Google Chrome) \d+\./);
  });
});

describe("corpus", () => {
  test("finds a set by name and nothing outside its folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "merlon-corpora-"));
    vi.stubEnv("MERLON_CORPORA", join(folder));
    writeFileSync(join(folder, "prose_code.jsonl.gz"), "");
    expect(corpus("prose_code")).toBe(join(folder, "prose_code.jsonl.gz"));
    expect(corpus("absent")).toBeUndefined();
    expect(corpus("./prose_code")).toBeUndefined();
    rmSync(folder, { recursive: true });
  });
});
