/** The chart: drawn in the colours of the theme, told to those who cannot see it, and as wide as its place. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleRecord } from "../../records/sample.ts";
import { openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

/** How many different colours the canvas shows, transparent apart. */
const COLOURS = `(() => {
  const canvas = document.querySelector(".plot canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen.add(data.slice(i, i + 3).join());
  return [...seen];
})()`;

test("is drawn, in other colours in the dark, and has its numbers in a table", async (context) => {
  const { page } = await openConsole(context);
  await page.locator(".plot canvas").waitFor();
  await expect.poll(() => page.evaluate(`${COLOURS}.length`)).toBeGreaterThan(2);
  const light = (await page.evaluate(COLOURS)) as string[];
  expect(light).toContain("163,29,43");
  await page.getByRole("button", { name: "colours: system" }).click();
  await page.getByRole("button", { name: "colours: light" }).click();
  await expect.poll(() => page.evaluate(COLOURS)).toContain("255,154,163");
  const table = page.locator(".chart table");
  expect(await table.locator("caption").textContent()).toBe("Records over time");
  expect(await table.locator("thead th").allTextContents()).toEqual(["time", "all", "blocked"]);
});

test("follows the width of its place", async (context) => {
  const { page } = await openConsole(context, { hash: "#/dashboard" });
  const width = async (): Promise<number> => (await page.locator(".plot canvas").boundingBox())?.width ?? 0;
  await expect.poll(width).toBeGreaterThan(900);
  await page.setViewportSize({ width: 500, height: 900 });
  await expect.poll(width).toBeLessThan(500);
});

test("new numbers go into the drawing that is there: a drag over it goes on", async (context) => {
  const { page, api } = await openStandIn(context, { hash: "#/attacks?live=1" });
  await page.locator(".live.on").waitFor();
  const canvas = page.locator(".plot canvas");
  await canvas.waitFor();
  await page.evaluate(`document.querySelector(".plot canvas").dataset.kept = "yes"`);
  const before = await page.locator(".totals").textContent();
  api.records = [sampleRecord({ ts: new Date().toISOString() }), ...api.records];
  api.announce(1);
  await expect.poll(() => page.locator(".totals").textContent()).not.toBe(before);
  expect(await canvas.getAttribute("data-kept")).toBe("yes");
});
