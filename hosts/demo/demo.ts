/**
 * `merlon demo`: a weak shop, the proxy in front of it, a page that shows what the core sees, and the console with what
 * was recorded, in one process on loopback. No account, no root, nothing from outside.
 */
import { spawn } from "node:child_process";
import { on, once } from "node:events";
import type { Server } from "node:http";
import { PolicyKeeper } from "../cli/protection/policy-keeper.ts";
import { Engine } from "../core/engine.ts";
import type { Mode } from "../core/verdict.ts";
import { type Sidecar, startSidecar } from "../dataplane/sidecar/sidecar.ts";
import { defaultPolicy } from "../policy/schema.ts";
import { DemoConsole } from "./demo-console.ts";
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
  /** Without it there is no console. */
  readonly consolePort?: number;
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
  /** Link that opens one session of the console; null without one. */
  readonly consoleLink: () => string | null;
  readonly mode: () => Mode;
  /** Holds from the next request on. */
  setMode(mode: "monitoring" | "block"): void;
  /** Sends the sample attacks through the proxy. */
  attack(): Promise<void>;
  /** Ends what runs, requests after CLOSE_GRACE_MS, and prints what was seen. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 500;
const CONSOLE_PORT = 9091;

/**
 * Starts the demo; where it cannot, nothing is left listening.
 * @throws MerlonError MERLON_LISTEN when no port is free, MERLON_ENGINE when the core cannot be loaded
 */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const print = options.print ?? ((text: string) => void process.stdout.write(`${text}\n`));
  const files = await bundlePage();
  const engine = Engine.load();
  const keeper = await PolicyKeeper.open(engine, { path: undefined, mode: undefined }, print);
  const setMode = (mode: Mode): void => keeper.take({ ...defaultPolicy, mode });
  setMode(options.mode ?? "monitoring");
  const feed = new Feed();
  const printer = new VerdictPrinter(print);
  const shop = createShop();
  let sidecar: Sidecar | undefined;
  let console: DemoConsole | undefined;
  const proxyPort = (): number => sidecar?.port ?? 0;
  const live = new Live({ feed, files, proxyPort, mode: () => keeper.mode, setMode });
  const close = async (graceMs: number): Promise<void> => {
    stop(live.server);
    await sidecar?.close(graceMs);
    await console?.close();
    await keeper.close();
    stop(shop);
  };
  let shopPort = 0;
  try {
    shopPort = await listenNear(shop, options.shopPort ?? 4000);
    sidecar = await startSidecar({
      upstream: `http://127.0.0.1:${shopPort}`,
      listen: { host: "127.0.0.1", port: await freePortNear(options.proxyPort ?? 8080) },
      inspector: engine,
      policy: () => keeper.host,
      sample: (head) => console?.sample(head) ?? null,
      onVerdict: (event) => {
        printer.add(feed.add(event));
        console?.add(event);
      },
    });
    await listenNear(live.server, options.livePort ?? 9090);
    const { consolePort } = options;
    if (consolePort !== undefined) {
      console = await DemoConsole.open(engine, keeper, await freePortNear(consolePort), print);
      await console.serve(sidecar.counters);
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    shop: `http://127.0.0.1:${shopPort}`,
    proxy: `http://127.0.0.1:${proxyPort()}`,
    link: () => live.link,
    consoleLink: () => console?.link ?? null,
    mode: () => keeper.mode,
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
    if (key === "c") {
      const link = demo.consoleLink();
      print(`  console     ${link}`);
      if (link !== null) openBrowser(link);
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
  const demo = await startDemo({ consolePort: CONSOLE_PORT, ...options });
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const { shop, proxy } = demo;
  print(greeting({ shop, proxy, link: demo.link(), console: demo.consoleLink(), mode: demo.mode() }, interactive));
  if (interactive) openBrowser(demo.link());
  if (interactive) {
    process.stdin.setRawMode(true).resume();
    await Promise.race([readKeys(demo, print), signal]);
    // Also after a signal: the shell gets its terminal back, and nothing keeps the process.
    process.stdin.setRawMode(false).pause();
  } else await signal;
  await demo.close();
}
