/** The strip of statistics: sums, most frequent values as filters, and the time by a drag over the chart. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("adds up what the search finds, and a value narrows it", async (context) => {
  const { page } = await openConsole(context);
  const totals = page.locator(".totals");
  await expect.poll(() => totals.textContent()).toContain("120 records");
  const type = page.locator(".top button").filter({ hasText: "Path traversal" });
  const count = await type.locator(".count").textContent();
  await type.click();
  await expect.poll(() => totals.textContent()).toContain(`${count} records`);
  await expect.poll(() => linesOf(page).count()).toBe(1);
  expect(await page.locator(".chart .spoken tbody tr").count()).toBeGreaterThan(0);
});

test("a drag over the chart chooses the time", async (context) => {
  const { page } = await openConsole(context);
  await page.locator(".u-over").waitFor();
  const box = await page.locator(".u-over").boundingBox();
  if (box === null) throw new Error("the chart has no place");
  await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => decodeURIComponent(page.url())).toMatch(/window=\d{4}-\d\d-\d\dT.*\/\d{4}/);
  expect(await page.locator("input[type=datetime-local]").count()).toBe(2);
});
