/** Values of charts: the few that are a policy, and where each of the others belongs. */
import { expect, test } from "vitest";
import { manifestsOf } from "../../../../hosts/policy/migrate/manifest.ts";
import { migrate } from "../../../../hosts/policy/migrate/migration.ts";

const read = async (text: string): Promise<{ texts: string[]; left: readonly string[] }> => {
  const { policies, left } = await migrate(manifestsOf(text, "v"), "wallarm");
  return { texts: policies.map((policy) => policy.text), left };
};

test("mode, failure and trusted proxies are a policy", async () => {
  const { texts, left } = await read(
    [
      "config:",
      "  wallarm: {mode: block, fallback: 'off'}",
      "  nginx: {realIpHeader: X-Forwarded-For, setRealIpFrom: [10.0.0.0/8]}",
    ].join("\n"),
  );
  expect(left).toEqual([]);
  expect(texts).toEqual([expect.stringMatching(/mode: block\n.*trap: closed\n.*trustedCIDRs:\n +- 10\.0\.0\.0\/8\n/s)]);
});

test("values without a policy give none, and are told by their reasons", async () => {
  const { texts, left } = await read(
    "config: {api: {token: x}, wcli: {logLevel: warn}}\nprocessing: {replicaCount: 1}",
  );
  expect(texts).toEqual([]);
  expect(left.map((line) => line.split(" — ")[0])).toEqual([
    "v:1: config.api.token",
    "v:1: config.wcli.logLevel",
    "v:1: processing.replicaCount",
  ]);
});
