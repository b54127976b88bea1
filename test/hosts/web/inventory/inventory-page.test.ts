/** The inventory in a browser: what was seen, what is left of it by a filter, hostile names, and the download. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import type { Endpoint } from "../../../../hosts/records/inventory/endpoint.ts";
import { readShow } from "../../../../hosts/web/inventory/inventory-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleRecord } from "../../records/sample.ts";
import { expectQuiet, openConsole } from "../stage.ts";

afterAll(closeBrowser);

const DAY = 86_400_000;
const nextId = createUlidSource();
const TIMEOUT = { timeout: 120_000 };
const EVIL = '<img src=x onerror="window.called++">';

/** An endpoint that a node has told of. */
function line(path: string, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ v: 1, id: nextId(), node: "n", app: "shop", host: "shop.example", method: "GET", path },
    ...{ first: Date.now() - 50 * DAY, last: Date.now() - 1000, calls: 321 },
    shape: { statuses: ["2xx"], auth: ["bearer"], media: [], params: [], more: false },
    ...fields,
  };
}

test.each([
  ["show=new", "new"],
  ["show=other", "all"],
  ["", "all"],
])("%j shows %s", (query, show) => expect(readShow(new URLSearchParams(query))).toBe(show));

test("where nothing was seen, it says how to begin", TIMEOUT, async (context) => {
  const { page } = await openConsole(context, { hash: "#/inventory" });
  await page.getByText("No traffic has been seen yet").waitFor();
  expect(await page.locator(".empty").textContent()).toContain("merlon protect");
});

test("endpoints are filtered, lead to their attacks, and are downloaded", TIMEOUT, async (context) => {
  const records = [sampleRecord({ ts: new Date().toISOString() })];
  const stage = await openConsole(context, { hash: "#/inventory", records });
  const { page, site } = stage;
  const params: Endpoint["shape"]["params"] = [
    { in: "body", name: ["user", EVIL], types: ["string"], sensitive: ["password"], optional: false },
  ];
  await site.store.appendEndpoints([
    line("/articles/{id}"),
    line("/fresh", { first: Date.now() - 1000 }),
    line(`/${EVIL.replaceAll(" ", "")}`, { method: "POST", shape: { ...line("/").shape, params } }),
  ]);
  await site.store.settled();
  await page.reload();
  await page.locator("tbody tr").nth(2).waitFor();
  await page.getByRole("link", { name: "New 1" }).click();
  await page.getByRole("link", { name: "/fresh" }).waitFor();
  expect(await page.locator("tbody tr").count()).toBe(1);
  expect(page.url()).toContain("show=new");
  await page.getByRole("link", { name: "Sensitive 1" }).click();
  await page.locator("tbody tr").filter({ hasText: "password" }).waitFor();
  await page.getByRole("link", { name: "Attacked 1" }).click();
  const row = page.locator("tbody tr").filter({ hasText: "/articles/{id}" });
  await row.waitFor();
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "OpenAPI 3.1" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("openapi-shop.example.json");
  expect(Object.keys(JSON.parse(readFileSync(await download.path(), "utf8")).paths)).toContain("/articles/{id}");
  await row.getByRole("link", { name: "1", exact: true }).click();
  await page.locator(".list li.line").filter({ hasText: "/articles" }).first().waitFor();
  await expectQuiet(stage);
});
