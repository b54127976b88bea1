/** A secret is shown until it is kept, copied whole, and gone then. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { SHOWN_ONCE } from "../site.ts";
import { openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("a new password is copied and gone", async (context) => {
  const { page } = await openStandIn(context, { hash: "#/users" });
  await page
    .locator("tbody tr")
    .filter({ hasText: "old-account" })
    .getByRole("button", { name: "New password" })
    .click();
  await page.getByText("Password of old-account").waitFor();
  await page.locator(".once").getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "copied" }).waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(SHOWN_ONCE);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await expect.poll(() => page.getByText(SHOWN_ONCE).count()).toBe(0);
});
