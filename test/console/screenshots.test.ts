/**
 * Pictures of the main views from a site with records: each is made and is small enough to be committed. They are only
 * written, under docs/, where MERLON_SCREENSHOTS=1 is set.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { recordsOfADay } from "../hosts/web/records.ts";
import { expectQuiet, linesOf, openConsole } from "../hosts/web/stage.ts";
import { closeBrowser } from "../tools/browser.ts";
import { ROOT } from "../tools/component.ts";

afterAll(closeBrowser);

/** Largest picture: everybody who clones gets it. */
const PICTURE_BYTES_MAX = 200 * 1024;
const RECORDS = 2000;

test("the main views can be shown", async (context) => {
  const records = recordsOfADay(RECORDS, Date.now(), 7);
  const stage = await openConsole(context, { records, width: 1280, height: 800 });
  const { page, origin } = stage;
  const take = async (name: string): Promise<void> => {
    await expect.poll(() => page.locator(".ghost").count()).toBe(0);
    await page.mouse.move(0, 0);
    const picture = await page.screenshot();
    expect([name, picture.length < PICTURE_BYTES_MAX]).toEqual([name, true]);
    if (process.env["MERLON_SCREENSHOTS"] === "1") await writeFile(join(ROOT, "docs", `console-${name}.png`), picture);
  };
  await linesOf(page).first().waitFor();
  await take("attacks");
  await linesOf(page).filter({ hasText: "Cross-site scripting" }).click();
  await page.locator(".open-record .related b").first().waitFor();
  await take("record");
  await page.getByRole("button", { name: "False positive" }).click();
  await page.locator("dialog .preview").waitFor();
  await take("exception");
  await page.keyboard.press("Escape");
  await page.goto(`${origin}/#/dashboard`);
  await page.locator(".coverage").waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  await take("dashboard");
  await expectQuiet(stage);
});
