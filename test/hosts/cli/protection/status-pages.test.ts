/** The pages of `--metrics`, for one process and for several. */
import { expect, test } from "vitest";
import { statusPages, wallarmStatus } from "../../../../hosts/cli/protection/status-pages.ts";
import { type Family, single } from "../../../../hosts/core/metrics.ts";

function familiesOf(requests: number): Family[] {
  return [
    single("waf_requests_total", "counter", "Requests.", requests),
    single("waf_compat_attacks", "counter", "Attacks.", 2),
  ];
}

const pages = statusPages(
  async () => [familiesOf(3), familiesOf(4)],
  () => null,
);

async function get(path: string, query = ""): Promise<{ status: number; type: string; body: string } | undefined> {
  return await pages[path]?.(new URLSearchParams(query));
}

test("metrics are those of all processes, without what is for the other page", async () => {
  const { body = "", type } = (await get("/metrics")) ?? {};
  expect(body).toContain("\nwaf_requests_total 7\n");
  expect(body).not.toContain("compat");
  expect(type).toContain("version=0.0.4");
  expect(await get("/wallarm-status", "format=prometheus")).toEqual(await get("/metrics"));
});

test("the compatible status has the fields that tools read", async () => {
  const { body = "{}" } = (await get("/wallarm-status")) ?? {};
  const status = JSON.parse(body);
  expect(status).toMatchObject({ requests: 7, attacks: 4, blocked: 0, requests_lost: 0, segfaults: 0 });
  expect(status.split.clients[0].applications[0]).toMatchObject({ requests: 7, attacks: 4 });
  expect(wallarmStatus([])).toMatchObject({ requests: 0, attacks: 0 });
});

test("a host that ends is alive and not ready", async () => {
  expect([(await get("/livez"))?.status, (await get("/readyz"))?.status]).toEqual([200, 200]);
  const ending = statusPages(
    async () => [],
    () => "it is ending",
  );
  expect(await ending["/readyz"]?.(new URLSearchParams())).toMatchObject({ status: 503, body: "it is ending\n" });
});
