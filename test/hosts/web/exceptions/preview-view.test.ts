/** What an exception would change: whether more is there than was counted, and what stays caught. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("says of how many records, that no known attack gets in, and names those it would release", async (context) => {
  const { page, records } = await openConsole(context);
  await linesOf(page).filter({ hasText: "Path traversal" }).click();
  await page.getByRole("button", { name: "False positive" }).waitFor();
  await page.keyboard.press("f");
  const preview = page.locator("dialog .preview");
  await preview.waitFor();
  const text = (await preview.textContent()) ?? "";
  expect(text).toContain(`Of ${records.length} records in the last 24 hours.`);
  expect(text).toMatch(/None of \d+ known attacks would get in at this point\./);
  await preview.locator("summary").last().click();
  const lines = preview.locator(".record-lines li");
  expect(await lines.count()).toBeGreaterThan(0);
  expect(await lines.first().textContent()).toContain("GET /manual");
  expect(await lines.first().locator("a").getAttribute("href")).toMatch(/^#\/record\//);
});
