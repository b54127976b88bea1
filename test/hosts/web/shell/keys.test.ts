/** Keys: they work where nobody types, leave the browser's own alone, and the innermost view has the first say. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("letters that are typed into a field do nothing else", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  await page.keyboard.press("/");
  const field = page.getByRole("textbox", { name: "search", exact: true });
  await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.type("jkftdm?/");
  expect(await field.inputValue()).toBe("jkftdm?/");
  expect(await page.locator(".open-record, dialog").count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.locator(".open-record").waitFor();
});

test("with Control, keys are the browser's", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  await page.keyboard.press("Control+j");
  await page.keyboard.press("Meta+f");
  expect(await page.locator(".open-record, dialog").count()).toBe(0);
});
