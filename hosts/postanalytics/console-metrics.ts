/**
 * The numbers of a console's process: what nodes handed in, how far the database is behind the log, what exports and
 * the API do, and how far the policy has come. Names are listed in docs/metrics.md.
 */
import { type Family, metricsText, single } from "../core/metrics.ts";
import { METRICS_TYPE, plain, type StatusPages } from "../core/status-server.ts";
import type { ApiMetrics } from "./api/api-metrics.ts";
import type { ExportState } from "./export/exports.ts";
import type { IntakeCounters } from "./intake.ts";
import type { PolicyInForce, PolicyProgress } from "./policy/door.ts";
import type { Projection } from "./store/projection.ts";
import type { LogPosition, SegmentInfo, SegmentLog } from "./store/segment-log.ts";

/** What is read when somebody asks. */
export interface ConsoleFacts {
  readonly intake: Readonly<IntakeCounters>;
  readonly log: {
    readonly segments: Pick<SegmentLog, "segments" | "bytes">;
    readonly projection: Pick<Projection, "healthy" | "position" | "refused" | "damaged">;
  };
  readonly exports: () => Promise<readonly ExportState[]>;
  readonly api: ApiMetrics;
  readonly policy: {
    current(): Pick<PolicyInForce, "generation">;
    progress(): Promise<Pick<PolicyProgress, "active" | "total">>;
  };
}

/** @returns all families */
export async function consoleFamilies(facts: ConsoleFacts): Promise<Family[]> {
  return [
    ...intakeFamilies(facts.intake),
    ...storeFamilies(facts.log),
    ...exportFamilies(await facts.exports()),
    ...facts.api.families,
    ...(await policyFamilies(facts.policy)),
    single("process_resident_memory_bytes", "gauge", "Memory of the process.", process.memoryUsage.rss()),
    single("process_cpu_seconds_total", "counter", "CPU time of the process.", cpuSeconds()),
  ];
}

/** @param isReady whether the store answers */
export function consolePages(facts: ConsoleFacts, isReady: () => Promise<boolean>): StatusPages {
  return {
    "/metrics": async () => ({ status: 200, type: METRICS_TYPE, body: metricsText(await consoleFamilies(facts)) }),
    "/livez": () => plain(200, "ok"),
    "/readyz": async () => ((await isReady()) ? plain(200, "ok") : plain(503, "the store does not answer")),
  };
}

/** @returns bytes of a log behind a place */
export function bytesBehind(segments: readonly SegmentInfo[], place: LogPosition | null): number {
  return segments.reduce((sum, { number, bytes }) => {
    if (place === null || number > place.segment) return sum + bytes;
    return number === place.segment ? sum + Math.max(0, bytes - place.offset) : sum;
  }, 0);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function counter(name: string, help: string, samples: Family["samples"]): Family {
  return { name, type: "counter", help, together: "sum", samples };
}

function intakeFamilies({ stored, duplicates, rejected, refused }: Readonly<IntakeCounters>): Family[] {
  const lines = { stored, duplicate: duplicates, rejected };
  return [
    counter(
      "waf_intake_records_total",
      "Records that nodes sent, by what became of them.",
      Object.entries(lines).map(([outcome, value]) => ({ labels: { outcome }, value })),
    ),
    single("waf_intake_refused_total", "counter", "Batches that were refused whole.", refused),
  ];
}

function storeFamilies({ segments, projection }: ConsoleFacts["log"]): Family[] {
  const behind = bytesBehind(segments.segments, projection.position);
  return [
    single("waf_store_up", "gauge", "1 while the database takes what the log has.", projection.healthy ? 1 : 0),
    single("waf_store_log_bytes", "gauge", "Bytes of the log on disk.", segments.bytes),
    single("waf_store_lag_bytes", "gauge", "Bytes of the log that the database does not have yet.", behind),
    single("waf_store_refused_total", "counter", "Records that the database did not take.", projection.refused),
    single("waf_store_damaged_total", "counter", "Entries of the log that could not be read.", projection.damaged),
  ];
}

function exportFamilies(exports: readonly ExportState[]): Family[] {
  const each = (pick: (one: ExportState) => number): Family["samples"] => {
    return exports.map((one) => ({ labels: { sink: one.id }, value: pick(one) }));
  };
  return [
    counter(
      "waf_export_delivered_total",
      "Records that a sink has taken.",
      each(({ delivered }) => delivered),
    ),
    counter(
      "waf_export_failed_total",
      "Attempts that failed.",
      each(({ failed }) => failed),
    ),
    {
      ...single("waf_export_lag_seconds", "gauge", "How far a sink is behind.", 0, "max"),
      samples: each(({ lagSeconds }) => lagSeconds),
    },
    {
      ...single("waf_export_up", "gauge", "1 while the last attempt of a sink did not fail.", 0),
      samples: each(({ lastError }) => (lastError === null ? 1 : 0)),
    },
  ];
}

async function policyFamilies(policy: ConsoleFacts["policy"]): Promise<Family[]> {
  const { generation } = policy.current();
  const known = single("waf_policy_generation", "gauge", "The policy that the console knows.", generation, "max");
  // A policy service that is away leaves its numbers out: zeroes would be a statement.
  const progress = await policy.progress().catch(() => null);
  if (progress === null) return [known];
  const { active, total } = progress;
  const samples = [
    { labels: { state: "active" }, value: active },
    { labels: { state: "behind" }, value: total - active },
  ];
  return [known, { ...single("waf_policy_nodes", "gauge", "Nodes by whether they have the policy.", 0), samples }];
}
