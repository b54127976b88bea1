/**
 * The pages of `--metrics`. All of them are made from families of numbers, so that one process can speak for several.
 * `/wallarm-status` has the fields that tools for Wallarm's node read; what Merlon does not have is 0.
 */
import { type Family, familiesSchema, joinFamilies, metricsText, single } from "../../core/metrics.ts";
import { METRICS_TYPE, plain, type StatusAnswer, type StatusPages } from "../../core/status-server.ts";
import type { HostCounters, NodeMetrics } from "./node-metrics.ts";

const SUM_PREFIX = "waf_compat_";

/** All families of one process, with the sums of the compatible page. */
export function nodeFamilies(metrics: NodeMetrics, counters: HostCounters): Family[] {
  const sums = Object.entries(metrics.sums).map(([name, value]) => {
    return single(`${SUM_PREFIX}${name}`, "counter", "For the compatible status page.", value);
  });
  return familiesSchema.parse([...metrics.families(counters), ...sums]);
}

/**
 * @param gather the families of each process
 * @param ready why the host takes no requests; null where it does
 */
export function statusPages(gather: () => Promise<readonly Family[][]>, ready: () => string | null): StatusPages {
  const families = async (): Promise<Family[]> => joinFamilies(await gather());
  const metrics = async (): Promise<StatusAnswer> => {
    const shown = (await families()).filter(({ name }) => !name.startsWith(SUM_PREFIX));
    return { status: 200, type: METRICS_TYPE, body: metricsText(shown) };
  };
  return {
    "/metrics": metrics,
    "/wallarm-metrics": metrics,
    "/livez": () => plain(200, "ok"),
    "/readyz": () => {
      const reason = ready();
      return reason === null ? plain(200, "ok") : plain(503, reason);
    },
    "/wallarm-status": async (query) => {
      if (query.get("format") === "prometheus") return await metrics();
      const body = `${JSON.stringify(wallarmStatus(await families()))}\n`;
      return { status: 200, type: "application/json", body };
    },
  };
}

/** @returns the status in the shape of Wallarm's node */
export function wallarmStatus(families: readonly Family[]): Record<string, unknown> {
  const value = (name: string, labels: Readonly<Record<string, string>> = {}): number => {
    const samples = families.find((family) => family.name === name)?.samples ?? [];
    const fits = samples.filter((sample) =>
      Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted),
    );
    return fits.reduce((sum, sample) => sum + sample.value, 0);
  };
  const sum = (name: string): number => value(`${SUM_PREFIX}${name}`);
  const restarts = value("waf_engine_restarts_total");
  const counts = {
    requests: value("waf_requests_total"),
    attacks: sum("attacks"),
    blocked: sum("blocked"),
    blocked_by_acl: sum("blockedByList"),
    acl_allow_list: sum("allowedByList"),
  };
  return {
    ...counts,
    streams: 0,
    messages: 0,
    abnormal: sum("abnormal"),
    tnt_errors: 0,
    api_errors: value("waf_export_failed_total"),
    requests_lost: value("waf_records_dropped_total"),
    overlimits_time: value("waf_fail_total", { reason: "overlimit" }),
    segfaults: restarts,
    memfaults: 0,
    softmemfaults: 0,
    time_detect: Math.round(sum("detectSeconds")),
    db_id: 0,
    lom_id: value("waf_policy_generation"),
    custom_ruleset_id: value("waf_policy_generation"),
    proton_instances: { total: 1, success: 1, fallback: 0, failed: 0 },
    stalled_workers_count: 0,
    stalled_workers: [],
    rate_limit: { shm_zone_size: 0, buckets_count: 0, entries: 0, delayed: 0, exceeded: 0, expired: 0 },
    timestamp: Math.floor(Date.now() / 1000),
    split: { clients: [{ client_id: null, ...counts, applications: [{ app_id: -1, ...counts }] }] },
  };
}
