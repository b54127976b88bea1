/** Values of a line: show only, exclude; by pointer and by keys, without opening the line. */
import type { Locator } from "playwright-core";
import { afterAll, expect, test, vi } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

/** The buttons are there while their value is pointed at; a list that is read again meanwhile moves it away. */
async function clickWhereShown(value: Locator, line: Locator, name: string): Promise<void> {
  await vi.waitFor(
    async () => {
      await value.hover({ timeout: 5000 });
      await line.getByRole("button", { name }).click({ timeout: 2000 });
    },
    { timeout: 60_000 },
  );
}

test("a value is shown alone, or left out, and the line stays closed", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  const all = await linesOf(page).count();
  const line = linesOf(page).filter({ hasText: "Path traversal" });
  await clickWhereShown(line.locator(".types .filterable"), line, "exclude type ptrav");
  await expect.poll(() => linesOf(page).count()).toBe(all - 1);
  expect(await page.locator(".chip.negated").count()).toBe(1);
  const first = linesOf(page).first();
  await clickWhereShown(first.locator(".request .filterable").nth(1), first, "show only template");
  await expect.poll(() => linesOf(page).count()).toBe(1);
  expect(await page.locator(".open-record").count()).toBe(0);
});

test("keys reach the buttons of the open line", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().locator(".open-line").focus();
  await page.keyboard.press("Enter");
  await page.locator(".open-record").waitFor();
  await page.keyboard.press("Tab");
  const focused = page.locator(".filter-buttons button:focus");
  expect(await focused.textContent()).toContain("show only type");
  expect(await focused.locator("xpath=..").evaluate((element) => getComputedStyle(element).opacity)).toBe("1");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator(".chip").count()).toBe(1);
});
