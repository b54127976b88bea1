/** Lists in parts: a refresh keeps what is older, and a part that fails keeps what is there. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { recordsOfADay } from "../records.ts";
import { linesOf, openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("a part that fails leaves the others and can be asked for again", async (context) => {
  const records = recordsOfADay(70, Date.now());
  const { page } = await openConsole(context, { records, hash: "#/attacks?group=none" });
  await expect.poll(() => linesOf(page).count()).toBe(50);
  await page.route("**/api/v1/records?*cursor*", (route) => route.fulfill({ status: 503, json: { detail: "busy" } }));
  await page.getByRole("button", { name: "Older" }).click();
  await page.locator(".problem").filter({ hasText: "busy" }).waitFor();
  expect(await linesOf(page).count()).toBe(50);
  await page.unrouteAll();
  await page.getByRole("button", { name: "Older" }).click();
  await expect.poll(() => linesOf(page).count()).toBe(70);
  expect(await page.locator(".problem").count()).toBe(0);
});

test("a refresh keeps older parts, and the list begins anew with another question", async (context) => {
  const records = recordsOfADay(70, Date.now());
  const { page, api } = await openStandIn(context, { records, hash: "#/attacks?group=none" });
  await page.getByRole("button", { name: "Older" }).click();
  await expect.poll(() => linesOf(page).count()).toBe(70);
  await page.getByRole("button", { name: "Live" }).click();
  await page.locator(".live.on").waitFor();
  const asked = api.asked.filter((name) => name === "records").length;
  api.announce(1);
  await expect.poll(() => api.asked.filter((name) => name === "records").length).toBe(asked + 1);
  await expect.poll(() => page.locator(".lines").getAttribute("aria-busy")).toBe("false");
  expect(await linesOf(page).count()).toBe(70);
  await page.getByRole("link", { name: "Blocked", exact: true }).click();
  await expect.poll(() => linesOf(page).count()).toBeLessThan(51);
});
