/** Calls are counted by operation and outcome, and their time goes into one histogram. */
import { expect, test } from "vitest";
import { metricsText } from "../../../../hosts/core/metrics.ts";
import { ApiMetrics } from "../../../../hosts/postanalytics/api/api-metrics.ts";
import { startConsole } from "../stage.ts";

test("counts and times", () => {
  const metrics = new ApiMetrics();
  metrics.add("attacks", "done", 40);
  metrics.add("attacks", "done", 700);
  metrics.add("attacks", "refused", 1);
  const text = metricsText(metrics.families);
  expect(text).toContain('waf_api_requests_total{operation="attacks",outcome="done"} 2\n');
  expect(text).toContain('waf_api_requests_total{operation="attacks",outcome="refused"} 1\n');
  expect(text).toContain('waf_api_duration_seconds_bucket{le="0.3"} 2\n');
  expect(text).toContain("waf_api_duration_seconds_count 3\n");
});

test("a console counts what it is asked, refused or not", async () => {
  const stage = await startConsole();
  const viewer = await stage.as("viewer");
  await viewer.call("policyState", {});
  await viewer.call("users", {}).catch(() => undefined);
  const text = metricsText(stage.console.parts.metrics.families);
  expect(text).toContain('waf_api_requests_total{operation="policyState",outcome="done"} 1\n');
  expect(text).toContain('waf_api_requests_total{operation="users",outcome="refused"} 1\n');
});
