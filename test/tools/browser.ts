/**
 * A real Chromium, driven by playwright-core, for tests of pages and for the picture in the README. It reaches this
 * machine only: every other name is unknown to it, and what it would ask of its maker on its own is switched off.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium as playwright } from "playwright-core";
import { chromium } from "./chromium.ts";
import type { Component } from "./component.ts";

const ARGUMENTS = [
  ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
];

let started: Promise<Component<Browser>> | undefined;

/** @returns the browser of this process, started when it is first asked for; whoever asked closes it in the end */
export async function browser(): Promise<Component<Browser>> {
  started ??= startBrowser();
  return await started;
}

async function startBrowser(): Promise<Component<Browser>> {
  const command = await chromium();
  if ("missing" in command) return command;
  const executablePath = pathOf(command.found);
  // Chromium's own sandbox refuses to run as root.
  const chromiumSandbox = process.getuid?.() !== 0;
  return { found: await playwright.launch({ executablePath, chromiumSandbox, args: ARGUMENTS }) };
}

/** @returns the file that a command stands for, as a shell would find it */
function pathOf(command: string): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return join(folder, command);
    } catch {
      // Not in this folder.
    }
  }
  return command;
}

/** Closes the browser of this process, if one was started. */
export async function closeBrowser(): Promise<void> {
  const component = await started;
  if (component !== undefined && "found" in component) await component.found.close();
  started = undefined;
}
