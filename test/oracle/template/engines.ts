/**
 * Real template engines, as the wheels that `requirements.txt` names, in a folder of `.cache` named after that file's
 * content. Needs Python 3 with pip, no rights and nothing on the system.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Component, cacheFolder, install } from "../../tools/component.ts";
import type { TemplateCase } from "./grammar.ts";

const PYTHON = "python3";
const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

/** Renders texts in every engine. @returns for each text the engines in which it had an effect */
export type Oracle = (cases: readonly TemplateCase[]) => Promise<string[][]>;

/** The engines, or the reason why they cannot be had here. */
export async function templateEngines(): Promise<Component<Oracle>> {
  const hash = createHash("sha256").update(await readFile(REQUIREMENTS));
  const folder = join(await cacheFolder("template-engines"), hash.digest("hex").slice(0, 16));
  if (!existsSync(folder)) {
    // Made beside and renamed, so that a folder of this name is always whole.
    const passing = `${folder}.${process.pid}`;
    const options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-warn-script-location"];
    const args = ["-m", "pip", "install", "--quiet", ...options, "--target", passing, "--requirement", REQUIREMENTS];
    const outcome = await install(PYTHON, args);
    if ("found" in outcome) await rename(passing, folder).catch(() => {});
    await rm(passing, { recursive: true, force: true });
    if (!existsSync(folder)) return "missing" in outcome ? outcome : { missing: `no ${folder}` };
  }
  return { found: (cases) => render(folder, cases) };
}

async function render(folder: string, cases: readonly TemplateCase[]): Promise<string[][]> {
  const env = { PATH: process.env["PATH"] ?? "", PYTHONPATH: folder };
  const child = spawn(PYTHON, ["-W", "ignore", join(import.meta.dirname, "render.py")], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(cases.map(({ text, sentinel }) => `${JSON.stringify({ text, sentinel })}\n`).join(""));
  let answers = "";
  for await (const chunk of child.stdout) answers += String(chunk);
  const lines = answers.split("\n").filter((line) => line !== "");
  if (lines.length !== cases.length) throw new Error(`the engines gave ${lines.length} of ${cases.length} answers`);
  return lines.map((line) => (JSON.parse(line) as { effects: string[] }).effects);
}
