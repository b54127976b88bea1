/** The console for its tests: served on a free port, with records behind it, and open in a real browser. */
import type { Locator, Page } from "playwright-core";
import { expect, onTestFinished, type TestContext } from "vitest";
import type { AttackRecord } from "../../../hosts/records/record.ts";
import { browser } from "../../tools/browser.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { listen } from "../dataplane/sidecar/stage.ts";
import { recordsOfADay } from "./records.ts";
import { siteHandlers } from "./site.ts";
import { createStandIn, type StandIn } from "./stand-in.ts";

/** Counts every way to a dialog or a window, and what the content policy refuses, in `window.called`. */
const WATCH = `
  window.called = 0;
  for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => { window.called++; };
  document.addEventListener("securitypolicyviolation", () => { window.called++; });`;

/** How the console is opened; a desktop in light colours on the list of attacks where nothing is said. */
export interface ConsoleOptions {
  readonly records?: readonly AttackRecord[];
  /** Address behind the `#`. */
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Changes the stand-in before the page is opened. */
  readonly prepare?: (api: StandIn) => void;
}

/** The console in a browser, with everything that must never happen in it, collected. */
export interface ConsoleStage {
  readonly page: Page;
  readonly api: StandIn;
  readonly origin: string;
  /** Dialogs, errors, refused scripts and requests to anywhere else, in words. */
  readonly faults: string[];
}

/** Serves the console and opens it in a session of the browser of its own; skips the test where there is no browser. */
export async function openConsole(
  context: Pick<TestContext, "skip">,
  options: ConsoleOptions = {},
): Promise<ConsoleStage> {
  const { width = 1440, height = 900, dark = false, hash = "", records = recordsOfADay(120, Date.now()) } = options;
  const running = requireOrSkip(context, await browser());
  const api = await createStandIn(records);
  Object.assign(api.handlers, siteHandlers());
  options.prepare?.(api);
  const origin = `http://127.0.0.1:${await listen(api.server)}`;
  const own = await running.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  onTestFinished(() => own.close());
  const page = await own.newPage();
  await page.addInitScript(WATCH);
  const faults = watchedFaults(page, origin);
  await page.goto(`${origin}/${hash}`);
  return { page, api, origin, faults };
}

function watchedFaults(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss(); // the test reads the faults, not this
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // An answer that is an error is logged by the browser itself; the page shows it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      faults.push(`console: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`request: ${request.url()}`);
  });
  return faults;
}

/** The lines of the list of attacks. */
export function linesOf(page: Page): Locator {
  return page.locator(".list li.line");
}

/** Fails where anything was called or refused that must not be. */
export async function expectQuiet({ page, faults }: Pick<ConsoleStage, "page" | "faults">): Promise<void> {
  expect(faults).toEqual([]);
  expect(await page.evaluate("window.called")).toBe(0);
}
