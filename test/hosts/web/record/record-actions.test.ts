/** What is done with a record on its own page: the same buttons and keys, without a list to mute it in. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { recordsOfADay } from "../records.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("the keys of a record work on its own page, and m is none of them", async (context) => {
  const records = recordsOfADay(3, Date.now());
  const { page, site } = await openConsole(context, { records, hash: `#/record/${records[0]?.id}` });
  const mark = page.getByRole("button", { name: "True attack" });
  await mark.waitFor();
  expect(await page.getByRole("button", { name: "Mute" }).count()).toBe(0);
  await page.keyboard.press("m");
  await page.keyboard.press("t");
  await expect.poll(() => mark.getAttribute("aria-pressed")).toBe("true");
  expect((await site.store.record(records[0]?.id ?? "", null))?.labels?.verdict).toBe("true_attack");
  await page.keyboard.press("t");
  await expect.poll(() => mark.getAttribute("aria-pressed")).toBe("false");
});
