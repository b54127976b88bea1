/** Every case, and a sample of foreign requests, in wasmtime: the same line as in Node, whole and byte by byte. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Core } from "../assembly/core.ts";
import { type Component, ROOT, requireOrSkip } from "../tools/component.ts";
import { type Python, pythonWithWasmtime } from "../tools/wheels.ts";
import { readCases } from "./case-file.ts";
import { deliverRaw } from "./delivery.ts";
import { readSample } from "./sample.ts";

const INSTALL_MS = 300_000;
const WHOLE = 65_536;
const FOREIGN = 500;

interface Asked {
  readonly raw: Buffer;
  /** Bytes handed over at once. */
  readonly step: number;
}

let python: Component<Python>;

beforeAll(async () => {
  python = await pythonWithWasmtime();
}, INSTALL_MS);

/** Lets wasmtime answer all requests. */
async function answersOf({ command, env }: Python, asked: readonly Asked[]): Promise<string[]> {
  const args = [join(import.meta.dirname, "wasmtime-driver.py"), join(ROOT, "build/merlon.wasm")];
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const written = asked.map(({ raw, step }) => `${JSON.stringify({ raw: raw.toString("base64"), step })}\n`);
  child.stdin.end(written.join(""));
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { line: string }).line);
}

describe("in wasmtime", () => {
  const cases = readCases();

  test("every case has its line, whole and byte by byte", async (context) => {
    const found = requireOrSkip(context, python);
    for (const step of [WHOLE, 1]) {
      const lines = await answersOf(
        found,
        cases.map(({ raw }) => ({ raw, step })),
      );
      expect(lines).toEqual(cases.map(({ line }) => line));
    }
  });

  test("foreign requests lead to the line that they have in Node", async (context) => {
    const found = requireOrSkip(context, python);
    const samples = requireOrSkip(context, readSample());
    const every = Math.max(1, Math.floor(samples.length / FOREIGN));
    const chosen = samples.filter((_, index) => index % every === 0);
    const lines = await answersOf(
      found,
      chosen.map(({ raw }) => ({ raw, step: WHOLE })),
    );
    const core = new Core("release");
    expect(lines).toEqual(chosen.map(({ raw }) => deliverRaw(core, raw, []).line));
    expect(lines.length).toBeGreaterThanOrEqual(FOREIGN);
  });
});
