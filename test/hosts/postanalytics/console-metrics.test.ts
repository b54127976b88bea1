/** Numbers of a console's process; that Prometheus reads them, and that rules name them, is test/console's. */
import { expect, test } from "vitest";
import { metricsText } from "../../../hosts/core/metrics.ts";
import { ApiMetrics } from "../../../hosts/postanalytics/api/api-metrics.ts";
import {
  bytesBehind,
  type ConsoleFacts,
  consoleFamilies,
  consolePages,
} from "../../../hosts/postanalytics/console-metrics.ts";

const SEGMENTS = [
  { number: 3, bytes: 100 },
  { number: 4, bytes: 50 },
  { number: 5, bytes: 10 },
];

const FACTS: ConsoleFacts = {
  intake: { stored: 5, duplicates: 2, endpoints: 0, rejected: 1, refused: 3 },
  log: {
    segments: { segments: SEGMENTS, bytes: 160 },
    projection: { healthy: false, position: { segment: 4, offset: 20 }, refused: 1, damaged: 0 },
  },
  exports: async () => [
    { id: "siem", kind: "file", target: "", where: "", delivered: 9, failed: 2, lagSeconds: 12.5, lastError: "gone" },
  ],
  api: new ApiMetrics(),
  policy: {
    current: () => ({ generation: 7 }),
    progress: () => Promise.reject(new Error("away")),
  },
};

test("the place of the database in the log says how many bytes it lacks", () => {
  expect(bytesBehind(SEGMENTS, { segment: 5, offset: 10 })).toBe(0);
  expect(bytesBehind(SEGMENTS, { segment: 4, offset: 20 })).toBe(40);
  expect(bytesBehind(SEGMENTS, { segment: 2, offset: 99 })).toBe(160);
  expect(bytesBehind(SEGMENTS, null)).toBe(160);
});

test("families say what is, and leave out what is not known", async () => {
  const text = metricsText(await consoleFamilies(FACTS));
  for (const line of [
    'waf_intake_records_total{outcome="duplicate"} 2',
    "waf_intake_refused_total 3",
    "waf_store_up 0",
    "waf_store_log_bytes 160",
    "waf_store_lag_bytes 40",
    'waf_export_lag_seconds{sink="siem"} 12.5',
    'waf_export_up{sink="siem"} 0',
    "waf_policy_generation 7",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  expect(text).not.toContain("waf_policy_nodes");
});

test("readiness is the store's", async () => {
  const pages = consolePages(FACTS, async () => false);
  expect(await pages["/readyz"]?.(new URLSearchParams())).toMatchObject({ status: 503 });
  expect(await pages["/livez"]?.(new URLSearchParams())).toMatchObject({ status: 200 });
});
