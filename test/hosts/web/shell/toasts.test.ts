/** Messages: those of failures stay until they are closed. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openStandIn } from "../stage.ts";
import { Refusal } from "../stand-in.ts";

afterAll(closeBrowser);

test("a failure is told, stays, and is closed by its button; five at most are shown", async (context) => {
  const { page } = await openStandIn(context, {
    prepare: ({ handlers }) => {
      handlers.labelRecord = () => new Refusal(503, "the store is busy; try again");
    },
  });
  await linesOf(page).first().click();
  await page.getByRole("button", { name: "True attack" }).waitFor();
  for (let i = 0; i < 7; i++) await page.keyboard.press("t");
  const toasts = page.locator(".toast.bad");
  await expect.poll(() => toasts.count()).toBe(5);
  expect(await toasts.first().textContent()).toContain("the store is busy; try again");
  for (let left = 4; left >= 0; left--) {
    await toasts.first().getByRole("button", { name: "close this message" }).click();
    await expect.poll(() => toasts.count()).toBe(left);
  }
});
