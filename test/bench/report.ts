/** What a run of the benchmark found, judged by its gates and written for a person. */
import { type EngineFigures, quantile } from "./engines.ts";
import type { EnvoyReport } from "./envoy.ts";
import type { ExtProcFigures } from "./extproc.ts";
import type { WorstReport } from "./worst.ts";

/** All parts of a run; a part that was not asked for or could not run is null or absent. */
export interface BenchReport {
  readonly mix: { readonly source: string; readonly note: string; readonly requests: number; readonly bytes: number };
  readonly engines: readonly EngineFigures[];
  /** Parts and peers that did not run, each with the reason. */
  readonly skipped: readonly { readonly what: string; readonly reason: string }[];
  readonly envoy: EnvoyReport | null;
  readonly extproc: readonly ExtProcFigures[] | null;
  readonly worst: WorstReport | null;
  readonly gates: readonly Gate[];
  readonly seconds: number;
}

/** One ratio that is gated. Absolute times never are: they say more about the machine than about the code. */
export interface Gate {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly atLeast: boolean;
  readonly passed: boolean;
}

/** Merlon's CPU per request must be this many times below that of each. */
const PEER_RATIO_MIN = { libddwaf: 5, coraza: 100 } as const;
/** Requests a second through Envoy with the filter ÷ without. */
const ENVOY_RATIO_MIN = 0.75;
/** Requests a second through Envoy with Merlon behind it ÷ with a server on grpc-go that looks at nothing. */
const EXTPROC_RATE_RATIO_MIN = 0.8;
/** CPU of Merlon's server a request ÷ that of a server on grpc-js that looks at nothing. */
const EXTPROC_CPU_RATIO_MAX = 0.7;
/** The worst input's cost per byte ÷ the median one. */
const WORST_RATIO_MAX = 20;

/** The gates that the figures allow to be judged. */
export function judgeGates(parts: Pick<BenchReport, "engines" | "envoy" | "extproc" | "worst">): Gate[] {
  const gates: Gate[] = [];
  const gate = (name: string, value: number, limit: number, atLeast: boolean): void => {
    gates.push({ name, value, limit, atLeast, passed: atLeast ? value >= limit : value <= limit });
  };
  const merlon = parts.engines.find(({ id }) => id === "merlon");
  for (const peer of merlon === undefined ? [] : parts.engines) {
    const limit = peer.id === "libddwaf" || peer.id === "coraza" ? PEER_RATIO_MIN[peer.id] : null;
    if (limit !== null) gate(`CPU per request, ${peer.id} ÷ Merlon`, ratioTo(merlon, peer), limit, true);
  }
  for (const load of parts.envoy?.loads ?? []) {
    gate(`Envoy ${load.load}, requests/s with ÷ without`, load.rateRatio, ENVOY_RATIO_MIN, true);
  }
  if (parts.envoy !== null) gate("Envoy: answers not 200, restarts", parts.envoy.faults.length, 0, false);
  for (const load of parts.extproc ?? []) {
    gate(`ext_proc ${load.load}, requests/s, Merlon ÷ idle grpc-go`, load.rateRatio, EXTPROC_RATE_RATIO_MIN, true);
    gate(`ext_proc ${load.load}, server CPU, Merlon ÷ idle grpc-js`, load.cpuRatio, EXTPROC_CPU_RATIO_MAX, false);
    gate(`ext_proc ${load.load}: answers not 200`, load.notOk, 0, false);
  }
  if (parts.worst !== null) {
    gate("worst input, cost per byte ÷ median", parts.worst.worst.ratio, WORST_RATIO_MAX, false);
    gate("worst input: traps of the core", parts.worst.failures.length, 0, false);
  }
  return gates;
}

/** The whole report as text of at most a screen. */
export function formatReport(report: BenchReport): string {
  const { mix } = report;
  const lines = [`mix: ${mix.requests} requests, ${Math.round(mix.bytes / mix.requests)} bytes each; ${mix.note}`, ""];
  if (report.engines.length > 0) lines.push(...engineLines(report.engines), "");
  if (report.envoy !== null) lines.push(...envoyLines(report.envoy), "");
  if (report.extproc !== null) lines.push(...extprocLines(report.extproc), "");
  if (report.worst !== null) lines.push(...worstLines(report.worst), "");
  for (const { what, reason } of report.skipped) lines.push(`skipped: ${what}: ${oneLine(reason)}`);
  if (report.skipped.length > 0) lines.push("");
  lines.push(...gateLines(report.gates), "", `${Math.round(report.seconds)} s`);
  return `${lines.join("\n")}\n`;
}

function engineLines(engines: readonly EngineFigures[]): string[] {
  const merlon = engines.find(({ id }) => id === "merlon");
  const rows = engines.map((engine) => [
    engine.name,
    number(engine.meanUs),
    number(engine.p99Us),
    number(engine.megabytesPerSecond),
    merlon === undefined ? "–" : number(ratioTo(merlon, engine)),
    `${engine.attacksBlockedPercent.toFixed(1)} / ${engine.benignBlockedPercent.toFixed(1)}`,
  ]);
  const head = ["engine", "CPU µs mean", "p99", "MB/s", "÷ Merlon", "% blocked: attack / benign"];
  const lines = table([head, ...rows]);
  const peer = engines.find(({ id }) => id === "libddwaf");
  if (merlon !== undefined && peer !== undefined && merlon.attacksBlockedPercent < peer.attacksBlockedPercent) {
    // An engine that looks for nothing is fast: the ratio must not be read without this.
    lines.push("NOTE: Merlon blocks fewer attacks of this mix than libddwaf does; its speed is not comparable yet");
  }
  return lines;
}

function extprocLines(loads: readonly ExtProcFigures[]): string[] {
  const head = ["ext_proc", "server", "req/s", "server CPU µs", "Envoy CPU µs"];
  const rows = loads.flatMap(({ load, servers }) =>
    servers.map(({ id, perSecond, cpuUs, envoyCpuUs }) => [
      load,
      id,
      Math.round(perSecond).toString(),
      number(cpuUs),
      number(envoyCpuUs),
    ]),
  );
  return table([head, ...rows]);
}

function envoyLines(envoy: EnvoyReport): string[] {
  const head = [
    `Envoy ${envoy.envoy}`,
    "req/s plain",
    "with Merlon",
    "ratio",
    "q1–q3",
    "CPU µs plain",
    "with",
    "p99 µs plain",
    "with",
  ];
  const rows = envoy.loads.map((load) => [
    load.load,
    number(load.plainPerSecond),
    number(load.filteredPerSecond),
    load.rateRatio.toFixed(2),
    [0.25, 0.75].map((part) => quantile(load.roundRatios, part).toFixed(2)).join("–"),
    number(load.plainCpuUs),
    number(load.filteredCpuUs),
    number(load.plainP99Us),
    number(load.filteredP99Us),
  ]);
  const note = `load generator straight at the upstream: ${number(envoy.upstreamPerSecond)} requests/s; `;
  const faults = envoy.faults.slice(0, 8).map((fault) => `FAULT: ${oneLine(fault)}`);
  return [...table([head, ...rows]), `${note}a plain SQL injection gets ${envoy.attackStatus}`, ...faults];
}

function worstLines(worst: WorstReport): string[] {
  const head = ["worst input by kind", "× median", "ns/byte", "bytes", "wrapped in", "begins"];
  const rows = worst.kinds
    .slice(0, 6)
    .map(({ genome, ratio, nsPerByte, bytes }) => [
      genome.kind,
      number(ratio),
      number(nsPerByte),
      String(bytes),
      genome.wraps.join("+") || "–",
      oneLine(JSON.stringify(genome.tokens.join("").slice(0, 24))),
    ]);
  const median = `median ${number(worst.medianNsPerByte)} ns/byte; ${worst.tried} inputs tried, seed ${worst.seed}`;
  const raised =
    worst.raised.length === 0 ? [] : [`worse than what is kept: ${worst.raised.join(" ")} (--keep keeps them)`];
  const faults = worst.failures.slice(0, 2).map((genome) => `FAULT: the core trapped on ${JSON.stringify(genome)}`);
  return [...table([head, ...rows]), median, ...raised, ...faults.map((fault) => oneLine(fault))];
}

function gateLines(gates: readonly Gate[]): string[] {
  if (gates.length === 0) return ["no gate could be judged"];
  const rows = gates.map(({ name, value, limit, atLeast, passed }) => {
    return [passed ? "pass" : "FAIL", name, number(value), `${atLeast ? "≥" : "≤"} ${limit}`];
  });
  return table([["gate", "", "value", "limit"], ...rows]);
}

function ratioTo(merlon: EngineFigures | undefined, peer: EngineFigures): number {
  return merlon === undefined ? 0 : peer.meanUs / merlon.meanUs;
}

/** Columns as wide as their widest cell, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows.map((row) => {
    const cells = row.map((cell, at) => {
      const width = widths[at] ?? 0;
      return /^[\d.,]+$/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join("  ").trimEnd();
  });
}

/** Three significant digits, never an exponent. */
function number(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function oneLine(text: string): string {
  return text.replace(/[^ -~µ÷×≥≤]+/g, " ").slice(0, 300);
}
