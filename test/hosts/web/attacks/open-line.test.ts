/** The record beside the list: the way to the others of its group, and out. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("leads to all records of its group, within the search", async (context) => {
  const where = encodeURIComponent('action == "blocked"');
  const { page, records } = await openConsole(context, { hash: `#/attacks?where=${where}` });
  await linesOf(page).filter({ hasText: "Path traversal" }).click();
  const blocked = records.filter(({ action, hits }) => action === "blocked" && hits[0]?.type === "ptrav").length;
  await page.getByRole("link", { name: `${blocked} records` }).click();
  await expect.poll(() => linesOf(page).count()).toBe(blocked);
});

test("a record that the list does not show any more is shown all the same", async (context) => {
  const { page, origin, records } = await openConsole(context);
  const record = records.at(-1);
  await page.goto(`${origin}/#/attacks?window=15m&open=${record?.id}`);
  await expect.poll(() => page.locator(".open-record .facts").textContent()).toContain(record?.ref);
  await page.getByRole("button", { name: "close the record" }).click();
  await expect.poll(() => page.locator(".open-record").count()).toBe(0);
});
