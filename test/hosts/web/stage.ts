/**
 * The console for its tests, open in a real browser: before the real API and store (`openConsole`), or, for answers
 * that the real one gives only when something is broken or busy, before a stand-in for the API (`openStandIn`).
 */
import type { Locator, Page } from "playwright-core";
import { expect, onTestFinished, type TestContext } from "vitest";
import type { AttackRecord } from "../../../hosts/records/record.ts";
import { browser } from "../../tools/browser.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { listen } from "../dataplane/sidecar/stage.ts";
import { type RealSite, startSite } from "./real-site.ts";
import { recordsOfADay } from "./records.ts";
import { siteHandlers } from "./site.ts";
import { createStandIn, type StandIn } from "./stand-in.ts";

const RECORDS = 120;

/** Counts every way to a dialog or a window, and what the content policy refuses, in `window.called`. */
const WATCH = `
  window.called = 0;
  window.clicks = 0;
  for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => { window.called++; };
  document.addEventListener("securitypolicyviolation", () => { window.called++; });
  document.addEventListener("click", (event) => { if (event.isTrusted) window.clicks++; }, true);`;

/** How a page is opened; a desktop in light colours on the list of attacks where nothing is said. */
export interface PageOptions {
  readonly records?: readonly AttackRecord[];
  /** Address behind the `#`. */
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** The console in a browser, with everything that must never happen in it, collected. */
export interface ConsoleStage {
  readonly page: Page;
  readonly origin: string;
  /** Newest first. */
  readonly records: readonly AttackRecord[];
  /** Dialogs, errors, refused scripts and requests to anywhere else, in words. */
  readonly faults: string[];
}

async function newPage(context: Pick<TestContext, "skip">, options: PageOptions): Promise<Page> {
  const { width = 1440, height = 900, dark = false } = options;
  const running = requireOrSkip(context, await browser());
  const own = await running.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  onTestFinished(() => own.close());
  const page = await own.newPage();
  await page.addInitScript(WATCH);
  return page;
}

/**
 * Opens the console of a real site as an admin, by a one-time link; skips the test where there is no browser.
 * @param options `hash` is gone to once the session is open
 */
export async function openConsole(
  context: Pick<TestContext, "skip">,
  options: PageOptions = {},
): Promise<ConsoleStage & { readonly site: RealSite }> {
  const page = await newPage(context, options);
  const { records = recordsOfADay(RECORDS, Date.now()), hash } = options;
  const site = await startSite(records);
  const { origin } = site;
  const faults = watchedFaults(page, origin);
  await page.goto(site.link());
  await page.locator(".shell").waitFor();
  if (hash !== undefined) await page.goto(`${origin}/${hash}`);
  return { page, origin, records, faults, site };
}

/** Opens the console before the stand-in. @param options `prepare` changes the stand-in before the page is opened */
export async function openStandIn(
  context: Pick<TestContext, "skip">,
  options: PageOptions & { readonly prepare?: (api: StandIn) => void } = {},
): Promise<ConsoleStage & { readonly api: StandIn }> {
  const page = await newPage(context, options);
  const { records = recordsOfADay(RECORDS, Date.now()), hash = "" } = options;
  const api = await createStandIn(records);
  Object.assign(api.handlers, siteHandlers());
  options.prepare?.(api);
  const origin = `http://127.0.0.1:${await listen(api.server)}`;
  const faults = watchedFaults(page, origin);
  await page.goto(`${origin}/${hash}`);
  return { page, api, origin, records, faults };
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
