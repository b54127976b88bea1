/** What a view asks for: the answer of before stays, and one that comes too late for its question is dropped. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("an answer to the question before does not replace the one that was asked last", async (context) => {
  const { page, records } = await openConsole(context, { hash: "#/attacks?group=none" });
  const [first, second] = records.slice(0, 2).map(({ id }) => id);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(`**/api/v1/records/${first}`, async (route) => {
    await held;
    await route.continue();
  });
  await linesOf(page).nth(0).click();
  await linesOf(page).nth(1).click();
  await expect.poll(() => page.url()).toContain(`open=${second}`);
  release();
  const reference = page.locator(".open-record .facts code").first();
  await expect.poll(() => reference.textContent()).toBe(second?.slice(0, 16));
  await page.waitForResponse((response) => response.url().endsWith(`/records/${first}`)).catch(() => null);
  expect(await reference.textContent()).toBe(second?.slice(0, 16));
});
