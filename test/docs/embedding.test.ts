/** The examples of docs/embedding.md run as they stand there, and find what they should. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type Component, ROOT, requireOrSkip } from "../tools/component.ts";
import { type Python, pythonWithWasmtime } from "../tools/wheels.ts";

const LONG_MS = 300_000;
const WASM = join(ROOT, "build/merlon.wasm");
const TEXT = readFileSync(join(ROOT, "docs/embedding.md"), "utf8");

/** Writes the one block of a language into a file. */
function exampleIn(language: string): string {
  const blocks = [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))];
  expect(blocks).toHaveLength(1);
  const folder = mkdtempSync(join(tmpdir(), "merlon-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, language === "js" ? "example.mjs" : `example.${language === "ts" ? "ts" : "py"}`);
  writeFileSync(file, (blocks[0]?.[1] ?? "").replace("./hosts/", `${ROOT}/hosts/`));
  return file;
}

let python: Component<Python>;
beforeAll(async () => {
  python = await pythonWithWasmtime();
}, LONG_MS);

test("JavaScript", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [exampleIn("js"), WASM]);
  expect(stdout).toMatch(/^block sqli-\S+@post\.json_doc\.hash\.name /);
});

test("the engine", async () => {
  const file = exampleIn("ts");
  writeFileSync(file, `${readFileSync(file, "utf8")}\nconsole.log(action, matches.map(({ type }) => type).join());\n`);
  const { stdout } = await promisify(execFile)(process.execPath, [file]);
  expect(stdout).toBe("pass ptrav\n");
});

test("wasmtime", async (context) => {
  const { command, env } = requireOrSkip(context, python);
  const options = { env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(command, [exampleIn("python"), WASM], options);
  expect(stdout).toMatch(/^block ptrav-\S+@query\.file /);
});
