/**
 * How long a change of a policy takes to the last of many hosts: a real service in a process of its own, which watches
 * a file, and real hosts that follow it, each with a core. Clocks are one machine's.
 *
 *     node test/bench/fleet.ts [--hosts 50] [--processes 4] [--changes 20] [--exceptions 200]
 *
 * Printed, not gated: on a busy machine the processes wait for each other.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { compileBundle } from "../../hosts/policy/bundle.ts";
import { parsePolicy } from "../../hosts/policy/policy-text.ts";
import { NodeTokens } from "../../hosts/policy/service/node-tokens.ts";
import { ROOT } from "../tools/component.ts";

/** What is measured. */
export interface FleetOptions {
  readonly hosts: number;
  readonly processes: number;
  readonly changes: number;
  /** Exceptions of the policy, so that it has the size of a real one. */
  readonly exceptions: number;
}

/** Milliseconds from the file's replacement to the last host, for each change. */
export interface FleetFigures {
  readonly hosts: number;
  readonly lastMs: readonly number[];
  readonly bundleBytes: number;
}

const toldSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ hash: z.string(), at: z.number(), host: z.string() }),
]);

/** Hosts by the hash that they have in force, with the time. */
type Seen = Map<string, Map<string, number>>;

/** Measures; everything that is started ends before it returns. */
export async function measureFleet(options: FleetOptions): Promise<FleetFigures> {
  const folder = mkdtempSync(join(tmpdir(), "merlon-fleet-"));
  const children: ChildProcess[] = [];
  try {
    return await run(folder, options, children);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(folder: string, options: FleetOptions, children: ChildProcess[]): Promise<FleetFigures> {
  const path = join(folder, "merlon.yaml");
  const state = join(folder, "state");
  const write = (change: number): string => {
    const text = policyText(options.exceptions, change);
    // As editors and Kubernetes do it: whole, in one step.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return compileBundle(parsePolicy(text, path)).hash;
  };
  let hash = write(0);
  const token = await new NodeTokens(state).add("fleet", "node");
  const url = await startService(path, state, children);
  const seen: Seen = new Map();
  await startHosts(url, token, options, seen, children);
  await until(() => (seen.get(hash)?.size ?? 0) === options.hosts);
  const lastMs: number[] = [];
  for (let change = 1; change <= options.changes; change++) {
    const began = Date.now();
    hash = write(change);
    await until(() => (seen.get(hash)?.size ?? 0) === options.hosts);
    lastMs.push(Math.max(...(seen.get(hash) ?? new Map<string, number>()).values()) - began);
    // Hosts that were told together report together; the next change finds them at rest, as real ones do.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { parts } = compileBundle(parsePolicy(policyText(options.exceptions, options.changes), path));
  return {
    hosts: options.hosts,
    lastMs,
    bundleBytes: [...parts.values()].reduce((sum, { length }) => sum + length, 0),
  };
}

function policyText(exceptions: number, change: number): string {
  const documents = [
    { apiVersion: "merlon.dev/v1alpha1", kind: "WafPolicy", spec: { defaults: { mode: "block" } } },
    ...Array.from({ length: exceptions + 1 }, (_, index) => ({
      apiVersion: "merlon.dev/v1alpha1",
      kind: "WafException",
      metadata: { name: `exception-${index}` },
      spec: {
        match: { path: `/shop/${index}/**`, point: `query.${index === 0 ? `change-${change}` : "q"}` },
        ignore: { stamps: ["sqli-union"] },
        reason: "a measurement",
        expiresAt: "2030-01-01",
      },
    })),
  ];
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

async function startService(path: string, state: string, children: ChildProcess[]): Promise<string> {
  const main = join(ROOT, "hosts/cli/main.ts");
  const args = [main, "policy", "serve", "--policy", path, "--state", state, "--listen", "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  let written = "";
  for await (const piece of child.stdout) {
    written += String(piece);
    const [, url] = /listening {2}(\S+)\n/.exec(written) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`the policy service did not start: ${written}`);
}

async function startHosts(
  url: string,
  token: string,
  { hosts, processes }: FleetOptions,
  seen: Seen,
  children: ChildProcess[],
): Promise<void> {
  let ready = 0;
  for (let index = 0; index < processes; index++) {
    const share = Math.floor(hosts / processes) + (index < hosts % processes ? 1 : 0);
    const child = fork(join(import.meta.dirname, "fleet-process.ts"), [url, token, String(share), `p${index}`]);
    children.push(child);
    child.on("message", (message) => {
      const told = toldSchema.parse(message);
      if ("ready" in told) ready++;
      else seen.set(told.hash, (seen.get(told.hash) ?? new Map()).set(told.host, told.at));
    });
  }
  await until(() => ready === processes);
}

const PATIENCE_MS = 120_000;

async function until(done: () => boolean): Promise<void> {
  const begin = Date.now();
  while (!done()) {
    if (Date.now() - begin > PATIENCE_MS) throw new Error("the fleet did not get there");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** @returns the value below which so much of the sorted ones lie */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** @returns the figures in one line */
export function fleetLine({ hosts, lastMs, bundleBytes }: FleetFigures): string {
  const of = (share: number): string => `${quantile(lastMs, share)} ms`;
  const size = `${(bundleBytes / 1024).toFixed(0)} KiB`;
  const took = `last host after ${of(0.5)} median, ${of(0.99)} p99 (asked 2000 ms)`;
  return `${hosts} hosts, ${lastMs.length} changes, ${size}: ${took}`;
}

if (process.argv[1] === import.meta.filename) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { hosts: text, processes: text, changes: text, exceptions: text } });
  const number = (value: string | undefined, otherwise: number): number => Number(value ?? otherwise);
  const figures = await measureFleet({
    hosts: number(values.hosts, 50),
    processes: number(values.processes, 4),
    changes: number(values.changes, 20),
    exceptions: number(values.exceptions, 200),
  });
  process.stdout.write(`${fleetLine(figures)}\n`);
}
