/** The dashboard: its numbers lead to what they count, and coverage says why requests were not looked at. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { expectQuiet, linesOf, openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("says what was found, what was stopped, what it costs and what was not looked at", async (context) => {
  const stage = await openConsole(context, { hash: "#/dashboard" });
  const { page, records } = stage;
  await page.locator(".numbers").waitFor();
  const card = (title: string) => page.locator(".number-card").filter({ hasText: title });
  expect(await card("attacks").locator("b").textContent()).toBe(String(records.length));
  const blocked = records.filter(({ action }) => action === "blocked").length;
  expect(await card("blocked").locator("b").textContent()).toBe(String(blocked));
  expect(await card("added, median").textContent()).toContain("61 µs");
  expect(await card("mode").locator("b").textContent()).toBe("block");
  const coverage = page.getByRole("region", { name: "coverage" });
  expect(await coverage.textContent()).toContain("99.8% of 184,220 requests were inspected.");
  expect(await coverage.locator("li").first().textContent()).toContain("201 not: longer than is inspected");
  await expectQuiet(stage);
});

test("leads from a number and from a value to the list", async (context) => {
  const { page, records } = await openConsole(context, { hash: "#/dashboard" });
  await page.locator(".number-card").filter({ hasText: "blocked" }).click();
  await expect.poll(() => page.locator(".chip").textContent()).toContain("blocked");
  await page.goBack();
  await page.locator(".tops button").filter({ hasText: "Path traversal" }).click();
  await expect.poll(() => linesOf(page).count()).toBe(1);
  const found = records.filter(({ hits }) => hits[0]?.type === "ptrav").length;
  expect(await linesOf(page).first().locator(".number").textContent()).toBe(String(found));
});

test("whoever sees one application gets its figures, and none of the whole site", async (context) => {
  const { page } = await openStandIn(context, {
    hash: "#/dashboard",
    prepare: (api) => {
      api.session = { ...api.session, role: "viewer", tenants: ["shop"] };
    },
  });
  await page.locator(".numbers").waitFor();
  expect(await page.locator(".number-card").count()).toBe(3);
  expect(await page.locator(".coverage, .problem").count()).toBe(0);
});
