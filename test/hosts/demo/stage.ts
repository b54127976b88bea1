/** The whole demo for its tests: real sockets on free ports, the real core, the live page's calls, and a browser. */
import type { Socket } from "node:net";
import type { Page } from "playwright-core";
import { expect, onTestFinished, type TestContext } from "vitest";
import type { VerdictEvent } from "../../../hosts/core/inspection.ts";
import type { Match, Verdict } from "../../../hosts/core/verdict.ts";
import { type Demo, type DemoOptions, startDemo } from "../../../hosts/demo/demo.ts";
import { Feed } from "../../../hosts/demo/feed.ts";
import { Live } from "../../../hosts/demo/live.ts";
import { bundlePage } from "../../../hosts/demo/page-files.ts";
import { SAMPLES, type Sample } from "../../../hosts/demo/samples.ts";
import { browser } from "../../tools/browser.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { listen, type Reply, send } from "../dataplane/sidecar/stage.ts";

/** A running demo with what a test wants to know of it. */
export interface DemoStage {
  readonly demo: Demo;
  /** What it printed. */
  readonly lines: string[];
  readonly livePort: number;
  readonly proxyPort: number;
  readonly shopPort: number;
}

/** Starts the demo on free ports; it is closed when the test ends. */
export async function startStage(options: DemoOptions = {}): Promise<DemoStage> {
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const demo = await startDemo({ shopPort: 0, proxyPort: 0, livePort: 0, print, ...options });
  onTestFinished(() => demo.close());
  return {
    demo,
    lines,
    livePort: portOf(demo.link()),
    proxyPort: portOf(demo.proxy),
    shopPort: portOf(demo.shop),
  };
}

/** The page's server alone. */
export interface LiveStage {
  readonly live: Live;
  readonly port: number;
  /** The server's ends of the connections. */
  readonly sockets: Socket[];
}

/** Starts the page's server alone, with a feed that the test fills and no proxy behind it. */
export async function startLive(feed: Feed = new Feed()): Promise<LiveStage> {
  const files = await bundlePage();
  const live = new Live({ feed, files, proxyPort: () => 1, mode: () => "monitoring", setMode: () => {} });
  const sockets: Socket[] = [];
  live.server.on("connection", (socket: Socket) => sockets.push(socket));
  return { live, port: await listen(live.server), sockets };
}

/** The port in an address. */
export function portOf(address: string): number {
  return Number(new URL(address).port);
}

/** The key that a link carries. */
export function keyOf(link: string): string {
  return new URLSearchParams(new URL(link).hash.slice(1)).get("k") ?? "";
}

/** One answer of the live page's server, its body parsed. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Calls the live page's server: POST with a body, else GET. */
export async function call(port: number, path: string, token: string, body?: unknown): Promise<Answer> {
  const headers = { host: `127.0.0.1:${port}`, authorization: `Bearer ${token}` };
  const method = body === undefined ? "GET" : "POST";
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const reply = await send(port, { path: `/api/${path}`, method, headers }, body === undefined ? null : text);
  return { status: reply.status, body: JSON.parse(reply.body) };
}

/** Opens a session. @returns its token */
export async function openSession({ demo, livePort }: DemoStage): Promise<string> {
  const { status, body } = await call(livePort, "session", "", { key: keyOf(demo.link()) });
  expect(status).toBe(200);
  return String(body["token"]);
}

/** The sample with this id. */
export function sampleOf(id: string): Sample {
  const sample = SAMPLES.find((one) => one.id === id);
  if (sample === undefined) throw new Error(`there is no sample ${id}`);
  return sample;
}

/** Sends the traversal sample, which every stage of the core knows, through the proxy. */
export async function attack({ proxyPort }: DemoStage, headers: Record<string, string> = {}): Promise<Reply> {
  return await send(proxyPort, { path: sampleOf("ptrav").path, headers });
}

const QUIET: Verdict = {
  action: "pass",
  wouldAction: "pass",
  mode: "monitoring",
  shadowAction: null,
  matches: [],
  matchesDropped: 0,
  limits: [],
  anomalies: [],
  incident: false,
  clientIp: "127.0.0.1",
  inspectedBytes: 0,
  failed: false,
};

/** An event as the sidecar would tell it; the core's part of it apart. */
export function eventOf(event: Partial<VerdictEvent> = {}, verdict: Partial<Verdict> = {}): VerdictEvent {
  return {
    id: "01K9ZZZZZZAAAAAABBBBBCCCCC",
    ref: "01K9ZZZZZZAAAAAA",
    method: "GET",
    host: "shop.test",
    path: "/",
    startedAt: Date.UTC(2025, 0, 2, 3, 4, 5),
    addedMicros: 100,
    cut: false,
    peer: "192.0.2.1",
    scheme: "http",
    bodyBytes: 0,
    responseSeen: false,
    totalMs: 1,
    details: () => null,
    status: 200,
    watched: false,
    ...event,
    verdict: { ...QUIET, ...verdict },
  };
}

/** A match with one layer that holds these bytes. */
export function matchOf(excerpt: Uint8Array, match: Partial<Match> = {}): Match {
  const span = [0, excerpt.length] as const;
  return {
    type: "ptrav",
    stamp: "ptrav-climb",
    cwe: ["CWE-22"],
    severity: 5,
    point: "query.name",
    reason: "The name climbs.",
    counts: true,
    exception: 0,
    layers: [{ as: "raw", span, excerpt, excerptAt: 0 }],
    ...match,
  };
}

/** Counts every way to a dialog or a window, and what the content policy refuses, in `window.called`. */
const WATCH = `
  window.called = 0;
  for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => { window.called++; };
  document.addEventListener("securitypolicyviolation", () => { window.called++; });`;

/** A page with everything that must never happen in it, collected. */
export interface WatchedPage {
  readonly page: Page;
  /** Dialogs, errors, refused scripts and requests to anywhere else, in words. */
  readonly faults: string[];
}

/** How a page is opened; a desktop in light colours where nothing is said. */
export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** Opens the live page by a link, in a session of the browser of its own; skips the test where there is no browser. */
export async function openPage(
  context: Pick<TestContext, "skip">,
  link: string,
  options: PageOptions = {},
): Promise<WatchedPage> {
  const { width = 1100, height = 900, dark = false } = options;
  const running = requireOrSkip(context, await browser());
  const own = await running.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  onTestFinished(() => own.close());
  const page = await own.newPage();
  await page.addInitScript(WATCH);
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
    if (new URL(request.url()).host !== new URL(link).host) faults.push(`request: ${request.url()}`);
  });
  await page.goto(link);
  return { page, faults };
}
