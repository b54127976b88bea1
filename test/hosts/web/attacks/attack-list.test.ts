/** Lines: a button for keys, and what is new, sampled or settled. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

test("a line opens by its button and by a press anywhere on it", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().locator(".open-line").focus();
  await page.keyboard.press("Enter");
  await page.locator(".open-record").waitFor();
  expect(await linesOf(page).first().locator(".open-line").getAttribute("aria-expanded")).toBe("true");
  await linesOf(page).nth(1).locator(".number").click();
  await expect.poll(() => linesOf(page).nth(1).getAttribute("class")).toContain("open");
});

test("says what is new, what was settled, what stands for many, and how many types there are", async (context) => {
  const hits = ["sqli", "xss", "rce"].map((type) => sampleHit({ type }));
  const sampled = { kept: true, group: "g", count_since_last: 12_400 };
  const records = [sampleRecord({ ts: ago(1000), hits, sampled }), sampleRecord({ ts: ago(60_000), incident: true })];
  const { page, site } = await openConsole(context, { records });
  await site.store.label(records[1]?.id ?? "", { verdict: "false_positive", note: null });
  await site.store.settled();
  await page.goto(`${site.origin}/#/attacks?group=none`);
  await linesOf(page).nth(1).waitFor();
  const [first, second] = [linesOf(page).nth(0), linesOf(page).nth(1)];
  expect(await first.locator(".types").textContent()).toContain("+1");
  expect(await first.locator(".number").textContent()).toBe("12.4k");
  expect(await second.getAttribute("class")).toContain("settled");
  expect(await second.locator(".outcomes").textContent()).toContain("incidentfalse positive");
  await page.goto(page.url().replace("group=none", "group=type"));
  await page.locator(".badge.new").first().waitFor();
});
