/** Copying: what is on the clipboard is what was meant, and a browser that refuses is told of. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("the reference is copied", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().click();
  const reference = await page.locator(".facts code").first().textContent();
  await page.locator(".facts").getByRole("button", { name: "copy" }).click();
  await page.getByRole("button", { name: "copied" }).waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(reference);
});

test("without a clipboard the page says what to do", async (context) => {
  const { page } = await openConsole(context);
  await page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))");
  await linesOf(page).first().click();
  await page.locator(".facts").getByRole("button", { name: "copy" }).click();
  await page.locator(".toast.bad").filter({ hasText: "select the text and copy it" }).waitFor();
});
