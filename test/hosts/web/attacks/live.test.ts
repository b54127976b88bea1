/** Live: new records come without a reload, the open record stays, and a stream that broke is taken up again. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleRecord } from "../../records/sample.ts";
import { linesOf, openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("new records are shown when the stream tells of them, and the open one stays open", async (context) => {
  const { page, api } = await openStandIn(context, { hash: "#/attacks?group=none" });
  await linesOf(page).first().click();
  await page.locator(".open-record .layers").waitFor();
  const open = await page.locator(".line.open").getAttribute("data-id");
  await page.getByRole("button", { name: "Live" }).click();
  await page.locator(".live.on").waitFor();
  expect(page.url()).toContain("live=1");
  const record = sampleRecord({ ts: new Date().toISOString() });
  api.records = [record, ...api.records];
  api.announce(1);
  await expect.poll(() => linesOf(page).first().getAttribute("data-id")).toBe(record.id);
  expect(await page.locator(".line.open").getAttribute("data-id")).toBe(open);
  await page.getByRole("button", { name: "Live" }).click();
  await expect.poll(() => api.streams).toBe(0);
});

test("what a node sends to the real store is shown without a reload", async (context) => {
  const { page, site } = await openConsole(context, { records: [], hash: "#/attacks?group=none&live=1" });
  await page.getByText("No attacks yet").waitFor();
  await page.locator(".live.on").waitFor();
  const record = sampleRecord({ ts: new Date().toISOString() });
  await site.store.append([record]);
  await expect.poll(() => linesOf(page).first().getAttribute("data-id")).toBe(record.id);
});
