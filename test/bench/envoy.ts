/**
 * What the filter costs in a real Envoy: two Envoys of one worker each proxy to the same loopback upstream, one of
 * them with `merlon.wasm` in its filter chain. Bounded load goes to one and then the other, the order swapped from
 * round to round. Both are proxied: Envoy's `direct_response` closes connections under bodies and measures that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../hosts/core/error.ts";
import { freePorts } from "../tools/free-port.ts";
import { median } from "./engines.ts";
import { envoyConfig } from "./envoy-config.ts";

/** One kind of load through both Envoys. Ratios are medians over the rounds of with ÷ without. */
export interface EnvoyFigures {
  readonly load: "GET" | "POST 4 KB";
  readonly plainPerSecond: number;
  readonly filteredPerSecond: number;
  /** Requests a second with the filter ÷ without: what the gate is about. */
  readonly rateRatio: number;
  readonly plainCpuUs: number;
  readonly filteredCpuUs: number;
  readonly plainP99Us: number;
  readonly filteredP99Us: number;
  readonly roundRatios: readonly number[];
}

/** All figures of the Envoy part. */
export interface EnvoyReport {
  readonly envoy: string;
  /** The load generator straight at the upstream: shows that neither of them is what limits the rest. */
  readonly upstreamPerSecond: number;
  readonly loads: readonly EnvoyFigures[];
  /** Answers that were not 200, broken connections and restarts of the filter: any of them makes the part fail. */
  readonly faults: readonly string[];
  /** Status that the filtered Envoy gives to a plain attack: 403 where the built-in policy blocks. */
  readonly attackStatus: number;
}

/** Where things are and how long to measure. */
export interface EnvoyOptions {
  readonly binary: string;
  /** Path of the built `load` program. */
  readonly load: string;
  /** The module, or null to measure the noise: two Envoys without a filter. */
  readonly wasm: string | null;
  readonly rounds: number;
  readonly secondsPerRun: number;
}

const CONNECTIONS = 16;
/** An Envoy with the module compiled is ready within a second; a starved machine takes longer. */
const READY_MS_MAX = 60_000;
const BODY_BYTES = 4096;

const reportSchema = z.object({
  requests: z.number(),
  notOk: z.number(),
  broken: z.number(),
  seconds: z.number(),
  p99Us: z.number(),
});
/** What one run of the load generator saw. */
export type Run = z.infer<typeof reportSchema> & { readonly cpuUs: number };

/** Runs the Envoy part. Everything it starts is ended before it returns. */
export async function measureEnvoy(options: EnvoyOptions, say: (text: string) => void): Promise<EnvoyReport> {
  const { load } = options;
  const folder = mkdtempSync(join(tmpdir(), "merlon-bench-"));
  const started: ChildProcess[] = [];
  try {
    const upstream = await startUpstream(load, started);
    const plain = await startEnvoy(options.binary, null, upstream, folder, started);
    const filtered = await startEnvoy(options.binary, options.wasm, upstream, folder, started);
    const faults: string[] = [];
    const direct = await runLoad(load, upstream, getRequest(), 1);
    const loads: EnvoyFigures[] = [];
    for (const [name, request] of [
      ["GET", getRequest()],
      ["POST 4 KB", postRequest()],
    ] as const) {
      loads.push(await compare(name, request, { load, plain, filtered, options, faults }));
      say(
        `envoy ${name}: ratios ${loads
          .at(-1)
          ?.roundRatios.map((ratio) => ratio.toFixed(2))
          .join(" ")}`,
      );
    }
    if (options.wasm !== null) faults.push(...(await filterRestarts(filtered)));
    return {
      envoy: await versionOf(plain),
      upstreamPerSecond: direct.requests / direct.seconds,
      loads,
      faults,
      attackStatus: await attackStatus(filtered),
    };
  } finally {
    for (const child of started) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

interface EnvoyProcess {
  readonly pid: number;
  readonly port: number;
  readonly admin: number;
}

interface Comparison {
  readonly load: string;
  readonly plain: EnvoyProcess;
  readonly filtered: EnvoyProcess;
  readonly options: EnvoyOptions;
  readonly faults: string[];
}

async function compare(name: EnvoyFigures["load"], request: string, it: Comparison): Promise<EnvoyFigures> {
  const runs = { plain: [] as Run[], filtered: [] as Run[] };
  const one = async (which: "plain" | "filtered", seconds: number): Promise<Run> => {
    const envoy = it[which];
    const before = processCpuUs(envoy.pid);
    const run = await runLoad(it.load, envoy.port, request, seconds);
    const cpuUs = (processCpuUs(envoy.pid) - before) / Math.max(1, run.requests);
    if (run.requests === 0) it.faults.push(`${name}, ${which}: no answer at all`);
    if (run.notOk > 0) it.faults.push(`${name}, ${which}: ${run.notOk} of ${run.requests} answers were not 200`);
    if (run.broken > 0) it.faults.push(`${name}, ${which}: ${run.broken} connections broke`);
    return { ...run, cpuUs };
  };
  for (const which of ["plain", "filtered"] as const) await one(which, Math.min(1, it.options.secondsPerRun));
  for (let round = 0; round < it.options.rounds; round++) {
    const order = round % 2 === 0 ? (["plain", "filtered"] as const) : (["filtered", "plain"] as const);
    for (const which of order) runs[which].push(await one(which, it.options.secondsPerRun));
  }
  const rate = (run: Run): number => run.requests / run.seconds;
  const roundRatios = runs.plain.map((plain, round) => {
    const filtered = runs.filtered[round];
    return filtered === undefined ? 0 : rate(filtered) / Math.max(1, rate(plain));
  });
  return {
    load: name,
    plainPerSecond: median(runs.plain.map(rate)),
    filteredPerSecond: median(runs.filtered.map(rate)),
    rateRatio: median(roundRatios),
    plainCpuUs: median(runs.plain.map((run) => run.cpuUs)),
    filteredCpuUs: median(runs.filtered.map((run) => run.cpuUs)),
    plainP99Us: median(runs.plain.map((run) => run.p99Us)),
    filteredP99Us: median(runs.filtered.map((run) => run.p99Us)),
    roundRatios,
  };
}

/** Starts the load generator's other end. @returns its port */
export async function startUpstream(load: string, started: ChildProcess[]): Promise<number> {
  const child = spawn(...pinned(1, load, ["upstream"]), { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  for await (const chunk of child.stdout) {
    const port = Number.parseInt(String(chunk), 10);
    if (port > 0) return port;
  }
  throw new MerlonError("MERLON_UPSTREAM", "the benchmark's upstream ended before it gave its port");
}

async function startEnvoy(
  binary: string,
  wasm: string | null,
  upstream: number,
  folder: string,
  started: ChildProcess[],
): Promise<EnvoyProcess> {
  const [port = 0, admin = 0] = await freePorts(2);
  const path = join(folder, `envoy-${port}.json`);
  writeFileSync(path, JSON.stringify(envoyConfig({ port, admin, upstream, wasm })));
  const args = ["-c", path, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"];
  const child = spawn(...pinned(0, binary, args), { stdio: ["ignore", "ignore", "pipe"] });
  started.push(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString("latin1")).slice(-2000);
  });
  const end = performance.now() + READY_MS_MAX;
  while (performance.now() < end && child.exitCode === null && child.pid !== undefined) {
    const status = await fetchStatus(`http://127.0.0.1:${port}/ready`);
    if (status === 200) return { pid: child.pid, port, admin };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const reason = errors.trim().split("\n").slice(-2).join(" ").slice(-400) || "no word on its standard error";
  throw new MerlonError("MERLON_LISTEN", `Envoy did not become ready: ${reason}`);
}

/** @returns 0 where there was no answer */
async function fetchStatus(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

async function attackStatus(envoy: EnvoyProcess): Promise<number> {
  const query = encodeURIComponent("1' UNION SELECT login, password FROM users -- ");
  return await fetchStatus(`http://127.0.0.1:${envoy.port}/?id=${query}`);
}

/** A trap in the module makes Envoy reload it: under the benchmark's load that is a defect, not a figure. */
async function filterRestarts(envoy: EnvoyProcess): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${envoy.admin}/stats?filter=vm_(reload|failed)`);
  const counts = [...(await response.text()).matchAll(/^(\S+): ([1-9]\d*)$/gm)];
  return counts.map(([, name, count]) => `Envoy counted ${count} × ${name}`);
}

async function versionOf(envoy: EnvoyProcess): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${envoy.admin}/server_info`);
  return /"version":\s*"[^/]*\/([\d.]+)\//.exec(await response.text())?.[1] ?? "?";
}

/** Sends one request again and again for a while. */
export async function runLoad(load: string, port: number, request: string, seconds: number): Promise<Run> {
  const args = ["run", String(port), String(CONNECTIONS), String(seconds)];
  const child = spawn(...pinned(1, load, args), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(request, "latin1");
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  return { ...reportSchema.parse(JSON.parse(text)), cpuUs: 0 };
}

/**
 * Keeps Envoy on one CPU and both ends of the load on another, so that Envoy is what limits the rate and processes do
 * not push each other around. Without two CPUs or without `taskset` they run where they may.
 */
export function pinned(place: 0 | 1, file: string, args: string[]): [string, string[]] {
  const cpu = allowedCpus()[place];
  const tool = "/usr/bin/taskset";
  return cpu === undefined || !existsSync(tool) ? [file, args] : [tool, ["-c", String(cpu), file, ...args]];
}

/** The first CPUs that this process may run on, or none where there is only one. */
function allowedCpus(): number[] {
  const path = "/proc/self/status";
  const list = existsSync(path) ? /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(path, "latin1"))?.[1] : undefined;
  const cpus = (list ?? "").split(",").flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return Number.isNaN(first) ? [] : [first, ...(last > first ? [first + 1] : [])];
  });
  return cpus.length < 2 ? [] : cpus;
}

/** User and system time of a process so far, from /proc; its clock has 10 ms ticks, a run lasts seconds. */
export function processCpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** A page view with the eight headers that browsers send. */
export function getRequest(): string {
  return `GET /catalogue/tables?material=oak&page=3&sort=price HTTP/1.1\r\n${browserHeaders()}\r\n`;
}

/** An order of a shop in JSON, 4 KB. */
export function postRequest(): string {
  const items = [];
  for (let id = 1000; JSON.stringify({ items }).length < BODY_BYTES - 140; id++) {
    items.push({ id, name: "drop-leaf table, oak", note: "please ring twice & leave it with no. 12", price: id / 4 });
  }
  const body = JSON.stringify({ items, comment: "" });
  const filled = JSON.stringify({ items, comment: "fine ".repeat(100).slice(0, BODY_BYTES - body.length) });
  const head = `POST /api/v2/orders HTTP/1.1\r\n${browserHeaders()}`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${filled.length}\r\n\r\n${filled}`;
}

function browserHeaders(): string {
  const headers = [
    "Host: shop.example",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: https://shop.example/catalogue?material=oak",
    "Cookie: session=4f1c2ab09d7e4d0e8b52; theme=dark; consent=1; basket=18277",
    "Sec-Fetch-Site: same-origin",
  ];
  return headers.map((header) => `${header}\r\n`).join("");
}
