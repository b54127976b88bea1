/** The search: chips and text, the API's reading of both, and values that a click takes up or leaves out. */
import { afterAll, describe, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

const FIELD = { name: "search", exact: true } as const;

describe("what is typed", () => {
  test("becomes chips; a chip goes by its button, and the last by Backspace", async (context) => {
    const { page } = await openConsole(context);
    await linesOf(page).first().waitFor();
    const all = await linesOf(page).count();
    const field = page.getByRole("textbox", FIELD);
    await field.fill("ptrav");
    await field.press("Enter");
    await expect.poll(() => linesOf(page).count()).toBe(1);
    await field.fill('action == "blocked"');
    await field.press("Enter");
    await expect.poll(() => page.locator(".chip").count()).toBe(2);
    expect(decodeURIComponent(page.url().replaceAll("+", " "))).toContain('type == "ptrav" && action == "blocked"');
    await page.getByRole("button", { name: "remove blocked" }).click();
    await expect.poll(() => page.locator(".chip").count()).toBe(1);
    await field.press("Backspace");
    await expect.poll(() => page.locator(".chip").count()).toBe(0);
    await expect.poll(() => linesOf(page).count()).toBe(all);
  });

  test("and cannot be read is told with its place, and is not searched for", async (context) => {
    const { page } = await openConsole(context);
    await linesOf(page).first().waitFor();
    const field = page.getByRole("textbox", FIELD);
    await field.fill("typ == 7");
    await field.press("Enter");
    await page.locator(".problem").filter({ hasText: "column 1" }).waitFor();
    expect(page.url()).not.toContain("where");
    expect(await field.inputValue()).toBe("typ == 7");
  });
});

test("chips become text that can be changed, and chips again", async (context) => {
  const where = 'type == "sqli" && action == "blocked"';
  const { page } = await openConsole(context, { hash: `#/attacks?where=${encodeURIComponent(where)}` });
  await expect.poll(() => page.locator(".chip").count()).toBe(2);
  await page.getByRole("button", { name: "as text" }).click();
  const field = page.getByRole("textbox", FIELD);
  expect(await field.inputValue()).toBe(where);
  await field.fill('type == "xss"');
  await field.press("Enter");
  await expect.poll(() => page.locator(".chip").allTextContents()).toEqual(["type:xss×"]);
});

test("a search in the address that cannot be read is told", async (context) => {
  const { page } = await openConsole(context, { hash: "#/attacks?where=typ+%3D%3D+7" });
  await page.locator(".search .problem").filter({ hasText: "column 1" }).waitFor();
});
