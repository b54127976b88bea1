/**
 * Real template engines, as the wheels that `requirements.txt` names, in a folder of `.cache` named after that file's
 * content. Needs Python 3 with pip, no rights and nothing on the system.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Component } from "../../tools/component.ts";
import { installWheels } from "../../tools/wheels.ts";
import type { TemplateCase } from "./grammar.ts";

const PYTHON = "python3";
const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

/** Renders texts in every engine. @returns for each text the engines in which it had an effect */
export type Oracle = (cases: readonly TemplateCase[]) => Promise<string[][]>;

/** The engines, or the reason why they cannot be had here. */
export async function templateEngines(): Promise<Component<Oracle>> {
  const folder = await installWheels(REQUIREMENTS);
  if (!("found" in folder)) return folder;
  return { found: (cases) => render(folder.found, cases) };
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
