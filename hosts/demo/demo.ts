/**
 * `merlon demo`: a weak shop, the proxy in front of it, and a page that shows what the core sees, in one process on
 * loopback. No account, no root, nothing from outside.
 */
import { spawn } from "node:child_process";
import { on, once } from "node:events";
import type { Server } from "node:http";
import { Engine } from "../core/engine.ts";
import type { Mode } from "../core/verdict.ts";
import { type Sidecar, startSidecar } from "../dataplane/sidecar/sidecar.ts";
import { compilePolicy } from "../policy/image.ts";
import { defaultPolicy } from "../policy/schema.ts";
import { Feed } from "./feed.ts";
import { Live, sendSample } from "./live.ts";
import { bundlePage } from "./page-files.ts";
import { freePortNear, listenNear } from "./ports.ts";
import { SAMPLES } from "./samples.ts";
import { createShop } from "./shop.ts";
import { farewell, greeting, VerdictPrinter } from "./terminal.ts";

/** Ports that are taken if they are free, the next ones otherwise; 0 stands for any. */
export interface DemoOptions {
  readonly shopPort?: number;
  readonly proxyPort?: number;
  readonly livePort?: number;
  readonly mode?: "monitoring" | "block";
  /** Takes the lines for the terminal; stdout where absent. */
  readonly print?: (text: string) => void;
}

/** A running demo. */
export interface Demo {
  readonly shop: string;
  readonly proxy: string;
  /** Link that opens one session of the live page; a new one after each use. */
  readonly link: () => string;
  readonly mode: () => Mode;
  /** Holds from the next request on. */
  setMode(mode: "monitoring" | "block"): void;
  /** Sends the sample attacks through the proxy. */
  attack(): Promise<void>;
  /** Ends what runs, requests after CLOSE_GRACE_MS, and prints what was seen. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 500;

/**
 * Starts the demo; where it cannot, nothing is left listening.
 * @throws MerlonError MERLON_LISTEN when no port is free, MERLON_ENGINE when the core cannot be loaded
 */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const print = options.print ?? ((text: string) => void process.stdout.write(`${text}\n`));
  const files = await bundlePage();
  const engine = Engine.load();
  let mode: Mode = options.mode ?? "monitoring";
  const setMode = (next: Mode): void => {
    engine.loadPolicy("active", compilePolicy({ ...defaultPolicy, mode: next }));
    mode = next;
  };
  setMode(mode);
  const feed = new Feed();
  const printer = new VerdictPrinter(print);
  const shop = createShop();
  let sidecar: Sidecar | undefined;
  const proxyPort = (): number => sidecar?.port ?? 0;
  const live = new Live({ feed, files, proxyPort, mode: () => mode, setMode });
  const close = async (graceMs: number): Promise<void> => {
    stop(live.server);
    await sidecar?.close(graceMs);
    stop(shop);
  };
  let shopPort = 0;
  try {
    shopPort = await listenNear(shop, options.shopPort ?? 4000);
    sidecar = await startSidecar({
      upstream: `http://127.0.0.1:${shopPort}`,
      listen: { host: "127.0.0.1", port: await freePortNear(options.proxyPort ?? 8080) },
      inspector: engine,
      onVerdict: (event) => printer.add(feed.add(event)),
    });
    await listenNear(live.server, options.livePort ?? 9090);
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    shop: `http://127.0.0.1:${shopPort}`,
    proxy: `http://127.0.0.1:${proxyPort()}`,
    link: () => live.link,
    mode: () => mode,
    setMode,
    attack: async () => {
      for (const sample of SAMPLES) if (!sample.harmless) await sendSample(sample, proxyPort());
    },
    close: async () => {
      await close(CLOSE_GRACE_MS);
      print(farewell(feed.summary()));
    },
  };
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** Opens a link in the person's browser, where there is one; never an error. */
function openBrowser(link: string): void {
  const command = process.platform === "darwin" ? "open" : "xdg-open";
  spawn(command, [link], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}

/** Reads single keys from the terminal until q or Ctrl-C. */
async function readKeys(demo: Demo, print: (text: string) => void): Promise<void> {
  // Keys that are pressed while one is obeyed wait for their turn.
  for await (const [data] of on(process.stdin, "data") as AsyncIterable<[Buffer]>) {
    const key = data.toString("latin1").slice(0, 1);
    if (key === "q" || key === "\u0003" || key === "\u0004") break;
    if (key === "a") await demo.attack();
    if (key === "b") {
      demo.setMode(demo.mode() === "block" ? "monitoring" : "block");
      print(`  mode: ${demo.mode()}`);
    }
    if (key === "o") {
      print(`  live page   ${demo.link()}`);
      openBrowser(demo.link());
    }
  }
}

/** The command: starts the demo and stays until a key, a signal or the end. */
export async function runDemo(options: DemoOptions = {}): Promise<void> {
  const print = options.print ?? ((text: string) => void process.stdout.write(`${text}\n`));
  // From the start: whoever reads the first line may send one.
  const signal = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const demo = await startDemo(options);
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const { shop, proxy } = demo;
  print(greeting({ shop, proxy, link: demo.link(), mode: demo.mode() }, interactive));
  if (interactive) openBrowser(demo.link());
  if (interactive) {
    process.stdin.setRawMode(true).resume();
    await Promise.race([readKeys(demo, print), signal]);
    // Also after a signal: the shell gets its terminal back, and nothing keeps the process.
    process.stdin.setRawMode(false).pause();
  } else await signal;
  await demo.close();
}
