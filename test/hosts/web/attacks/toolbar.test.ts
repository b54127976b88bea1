/** Above the list: time, grouping by up to four fields, order, and files for those who may have them. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("grouping takes up to four fields, and none shows each record", async (context) => {
  const { page, api } = await openStandIn(context, { hash: "#/attacks?group=type" });
  await linesOf(page).first().waitFor();
  await page.locator(".group-picker summary").click();
  for (const field of ["ip", "point", "host"]) await page.getByRole("checkbox", { name: field, exact: true }).check();
  await expect.poll(() => page.locator(".group-picker summary").textContent()).toBe("by type, ip, point, host");
  expect(await page.getByRole("checkbox", { name: "path", exact: true }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "each record on its own" }).click();
  await expect.poll(() => linesOf(page).count()).toBe(50);
  expect(api.asked).toContain("records");
});

test("the time moves with the clock, or stands between two moments", async (context) => {
  const { page } = await openConsole(context, { hash: "#/attacks?group=none" });
  await expect.poll(() => linesOf(page).count()).toBe(50);
  await page.getByRole("combobox", { name: "time" }).selectOption("15m");
  await expect.poll(() => linesOf(page).count()).toBeLessThan(50);
  await page.getByRole("combobox", { name: "time" }).selectOption("own");
  const from = page.getByLabel("from", { exact: true });
  await from.fill("2020-01-01T00:00:00");
  await from.press("Enter");
  await expect.poll(() => decodeURIComponent(page.url())).toContain("window=2020-01-01T00:00:00/");
  await expect.poll(() => linesOf(page).count()).toBe(50);
});

test("the order is asked of the server", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  await page.getByRole("combobox", { name: "order" }).selectOption("count");
  await expect
    .poll(async () => (await linesOf(page).locator(".number").allTextContents()).map(Number))
    .toEqual((await linesOf(page).locator(".number").allTextContents()).map(Number).sort((a, b) => b - a));
});

test("files carry the search and the time; a viewer is not offered them", async (context) => {
  const where = 'type == "sqli"';
  const hash = `#/attacks?where=${encodeURIComponent(where)}`;
  const { page } = await openStandIn(context, { hash });
  const href = await page.getByRole("link", { name: "CSV" }).getAttribute("href");
  const query = new URL(href ?? "", "http://x/").searchParams;
  expect([query.get("where"), query.get("format")]).toEqual([where, "csv"]);
  expect(Number(query.get("to")) - Number(query.get("from"))).toBe(86_400_000);
  const other = await openStandIn(context, {
    prepare: (api) => {
      api.session = { ...api.session, role: "viewer" };
    },
  });
  await linesOf(other.page).first().waitFor();
  expect(await other.page.getByRole("link", { name: "CSV" }).count()).toBe(0);
});
