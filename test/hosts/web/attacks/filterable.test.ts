/** Values of a line: show only, exclude; by pointer and by keys, without opening the line. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("a value is shown alone, or left out, and the line stays closed", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  const all = await linesOf(page).count();
  const line = linesOf(page).filter({ hasText: "Path traversal" });
  await line.locator(".types .filterable").hover();
  await line.getByRole("button", { name: "exclude type ptrav" }).click();
  await expect.poll(() => linesOf(page).count()).toBe(all - 1);
  expect(await page.locator(".chip.negated").count()).toBe(1);
  await linesOf(page).first().locator(".request .filterable").nth(1).hover();
  await linesOf(page).first().getByRole("button", { name: "show only template" }).click();
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
