/**
 * What an inspection by ext_proc costs: three Envoys of one worker, each with its own server behind it: Merlon's, which
 * looks at everything, and two that look at nothing, on grpc-go and on grpc-js. Bounded load goes to one after the
 * other, the order turned from round to round. Bodies come buffered, as all three can answer that in one message.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extProcYaml } from "../../hosts/cli/connector/envoy-config.ts";
import { MerlonError } from "../../hosts/core/error.ts";
import { ROOT } from "../tools/component.ts";
import { freePorts } from "../tools/free-port.ts";
import { median } from "./engines.ts";
import { getRequest, pinned, postRequest, processCpuUs, type Run, runLoad, startUpstream } from "./envoy.ts";

const SERVERS = ["merlon", "grpc-go", "grpc-js"] as const;

/** One kind of load through all three. Ratios are medians over the rounds. */
export interface ExtProcFigures {
  readonly load: "GET" | "POST 4 KB";
  /** Requests a second, Merlon ÷ idle grpc-go. */
  readonly rateRatio: number;
  /** CPU of the server a request, Merlon ÷ idle grpc-js. */
  readonly cpuRatio: number;
  /** Answers that were not 200, and connections that broke, in all runs. */
  readonly notOk: number;
  readonly servers: readonly {
    readonly id: (typeof SERVERS)[number];
    readonly perSecond: number;
    readonly cpuUs: number;
    readonly envoyCpuUs: number;
  }[];
}

/** Where things are and how long to measure. */
export interface ExtProcBench {
  readonly binary: string;
  readonly load: string;
  /** Path of the Go peers, and folder of the Node ones. */
  readonly go: string;
  readonly npm: string;
  readonly rounds: number;
  readonly secondsPerRun: number;
}

interface Side {
  readonly id: (typeof SERVERS)[number];
  readonly port: number;
  readonly server: number;
  readonly envoy: number;
}

type Figures = Run & { readonly envoyCpuUs: number };

const READY_MS_MAX = 60_000;
const HOST = "127.0.0.1";

/** Runs the ext_proc part. Everything it starts is ended before it returns. */
export async function measureExtProc(options: ExtProcBench): Promise<ExtProcFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), "merlon-bench-"));
  const started: ChildProcess[] = [];
  try {
    const upstream = await startUpstream(options.load, started);
    const sides: Side[] = [];
    for (const id of SERVERS) sides.push(await startSide(id, options, upstream, folder, started));
    return [
      await compare("GET", getRequest(), sides, options),
      await compare("POST 4 KB", postRequest(), sides, options),
    ];
  } finally {
    for (const child of started) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startSide(
  id: Side["id"],
  { binary, go, npm }: ExtProcBench,
  upstream: number,
  folder: string,
  started: ChildProcess[],
): Promise<Side> {
  const main = join(ROOT, "hosts/cli/main.ts");
  const merlon = [main, "extproc", "--listen", `${HOST}:0`, "--workers", "1", "--mode", "block", "--quiet"];
  const commands: Record<Side["id"], [string, string[]]> = {
    merlon: [process.execPath, merlon],
    "grpc-go": [go, ["extproc"]],
    "grpc-js": [process.execPath, [join(import.meta.dirname, "peers/idle-processor.mjs"), npm]],
  };
  const server = spawn(...pinned(1, ...commands[id]), { stdio: ["pipe", "pipe", "inherit"] });
  started.push(server);
  const processor = { host: HOST, port: await portOf(server) };
  const [port = 0] = await freePorts(1);
  const file = join(folder, `${id}.yaml`);
  const plan = { bodyMode: "BUFFERED", mode: null, observe: false, failure: "closed" } as const;
  writeFileSync(
    file,
    extProcYaml({ ...plan, listen: { host: HOST, port }, upstream: { host: HOST, port: upstream }, processor }),
  );
  const args = ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"];
  const envoy = spawn(...pinned(0, binary, args), { stdio: ["ignore", "ignore", "inherit"] });
  started.push(envoy);
  await untilReady(port);
  if (server.pid === undefined || envoy.pid === undefined)
    throw new MerlonError("MERLON_LISTEN", `${id} did not start`);
  return { id, port, server: server.pid, envoy: envoy.pid };
}

/** The port is the last number of what a server says first. */
async function portOf(server: ChildProcess): Promise<number> {
  let text = "";
  for await (const chunk of server.stdout ?? []) {
    text += String(chunk);
    const port = /(?:^|:)(\d{2,5})$/m.exec(text)?.[1];
    if (port !== undefined && text.includes("\n")) {
      server.stdout?.resume();
      return Number(port);
    }
  }
  throw new MerlonError("MERLON_LISTEN", "an ext_proc server ended before it said its port");
}

async function untilReady(port: number): Promise<void> {
  const end = performance.now() + READY_MS_MAX;
  while (performance.now() < end) {
    const response = await fetch(`http://${HOST}:${port}/`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new MerlonError("MERLON_LISTEN", "Envoy did not become ready");
}

async function compare(
  load: ExtProcFigures["load"],
  request: string,
  sides: readonly Side[],
  options: ExtProcBench,
): Promise<ExtProcFigures> {
  const runs: Record<Side["id"], Figures[]> = { merlon: [], "grpc-go": [], "grpc-js": [] };
  let notOk = 0;
  for (let round = -1; round < options.rounds; round++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(turn + round + 1) % sides.length];
      if (side === undefined) continue;
      const run = await runOnce(side, options.load, request, options.secondsPerRun);
      notOk += run.notOk + run.broken;
      // The first round is for warming up.
      if (round >= 0) runs[side.id].push(run);
    }
  }
  const rate = (run: Figures): number => run.requests / run.seconds;
  const ratios = (other: Side["id"], of: (run: Figures) => number): number =>
    median(runs.merlon.map((run, round) => of(run) / of(runs[other][round] ?? run)));
  return {
    load,
    rateRatio: ratios("grpc-go", rate),
    cpuRatio: ratios("grpc-js", (run) => run.cpuUs),
    notOk,
    servers: SERVERS.map((id) => ({
      id,
      perSecond: median(runs[id].map(rate)),
      cpuUs: median(runs[id].map((run) => run.cpuUs)),
      envoyCpuUs: median(runs[id].map((run) => run.envoyCpuUs)),
    })),
  };
}

async function runOnce(side: Side, load: string, request: string, seconds: number): Promise<Figures> {
  const before = [processCpuUs(side.server), processCpuUs(side.envoy)] as const;
  const run = await runLoad(load, side.port, request, seconds);
  const spent = (pid: number, from: number): number => (processCpuUs(pid) - from) / Math.max(1, run.requests);
  return { ...run, cpuUs: spent(side.server, before[0]), envoyCpuUs: spent(side.envoy, before[1]) };
}
