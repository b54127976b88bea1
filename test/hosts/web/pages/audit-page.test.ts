/** The audit log: what was changed, from what to what, and by whom; found by who did it. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("what was done a moment ago stands there with its difference", async (context) => {
  const { page, origin } = await openConsole(context, { hash: "#/policy" });
  await page.getByRole("radio", { name: "monitoring" }).check();
  await page.getByRole("textbox", { name: "Reason" }).fill("INC-7");
  await page.getByRole("button", { name: "Set mode monitoring" }).click();
  await page.locator(".toast").filter({ hasText: "active on" }).waitFor();
  await page.goto(`${origin}/#/audit`);
  const row = page.locator("tbody tr").filter({ hasText: "setMode" });
  await row.waitFor();
  expect(await row.locator("td").nth(3).textContent()).toBe("done");
  expect(await row.locator("del").allTextContents()).toContain("block");
  expect(await row.locator("ins").allTextContents()).toContain("monitoring");
});

test("refusals are told apart, and a person's lines are found", async (context) => {
  const { page } = await openStandIn(context, { hash: "#/audit" });
  await page.locator("tbody tr").nth(1).waitFor();
  expect(await page.locator("td.warn").textContent()).toBe("refused");
  await page.getByRole("textbox", { name: "who" }).fill("grace");
  await page.getByRole("button", { name: "Show" }).click();
  await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
  expect(page.url()).toContain("who=grace");
});
