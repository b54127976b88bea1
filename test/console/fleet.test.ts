/**
 * J8 over a policy service: from the list to an exception that is in force on every node of a fleet in three clicks,
 * nothing beside it, and back with one. Clicks are counted; the seconds are printed, since a busy machine has its own.
 */
import { afterAll, expect, test, vi } from "vitest";
import { browser, closeBrowser } from "../tools/browser.ts";
import { requireOrSkip } from "../tools/component.ts";
import { startFleet } from "./fleet.ts";

afterAll(closeBrowser);

const NODES = 3;
const CLICKS_MAX = 3;
const ATTACK = "/articles/7?id=1%20UNION%20SELECT%20password%20FROM%20users";
const NEIGHBOURS = [ATTACK.replace("id=", "other="), ATTACK.replace("/articles/", "/carts/")];
const WAIT = { timeout: 60_000, interval: 20 };
const COUNT_CLICKS = `
  window.clicks = 0;
  document.addEventListener("click", (event) => { if (event.isTrusted) window.clicks++; }, true);`;

test("a false positive is closed on all nodes in three clicks, and taken back by one", {
  timeout: 300_000,
}, async (context) => {
  const running = requireOrSkip(context, await browser());
  const { nodes, console: site } = await startFleet(NODES);
  const answers = async (target: string): Promise<number[]> =>
    await Promise.all(nodes.map(async (node) => (await fetch(node + target)).status));
  /** Milliseconds until every node answers so. */
  const untilAll = async (target: string, status: number): Promise<number> => {
    const began = performance.now();
    await vi.waitFor(async () => expect(await answers(target)).toEqual(nodes.map(() => status)), WAIT);
    return Math.round(performance.now() - began);
  };
  await untilAll(ATTACK, 403);

  const page = await running.newPage();
  await page.addInitScript(COUNT_CLICKS);
  await page.goto(site.link);
  // A reload before the session is there would use the link up.
  await page.locator(".shell").waitFor();
  const line = page.locator(".list li.line").filter({ hasText: "query.id" });
  await vi.waitFor(async () => {
    if ((await line.count()) === 0) await page.reload();
    await line.first().waitFor({ timeout: 5000 });
  }, WAIT);
  const clicks = async (): Promise<number> => Number(await page.evaluate("window.clicks"));
  const before = await clicks();
  await line.first().click();
  await page.getByRole("button", { name: "False positive" }).click();
  await page.locator("dialog [data-count=released]").waitFor();
  await page.getByRole("button", { name: "Apply" }).click();
  const applied = await untilAll(ATTACK, 200);
  const toast = page.locator(".toast").filter({ hasText: `active on ${NODES}/${NODES} nodes` });
  await toast.waitFor();
  const told = (await toast.textContent()) ?? "";
  expect((await clicks()) - before).toBeLessThanOrEqual(CLICKS_MAX);
  for (const neighbour of NEIGHBOURS) expect(await answers(neighbour)).toEqual(nodes.map(() => 403));

  await toast.getByRole("button", { name: "undo" }).click();
  const undone = await untilAll(ATTACK, 403);
  await page
    .locator(".toast")
    .filter({ hasText: `taken back: active on ${NODES}/${NODES} nodes` })
    .waitFor();
  console.info(`J8: in force on ${NODES} nodes after ${applied} ms, taken back after ${undone} ms; "${told}"`);
});

test("the mode of the fleet and its lists are changed from the console, by who may", { timeout: 300_000 }, async () => {
  const { nodes, admin } = await startFleet(2);
  const answers = async (): Promise<number[]> =>
    await Promise.all(nodes.map(async (node) => (await fetch(node + ATTACK)).status));
  await vi.waitFor(async () => expect(await answers()).toEqual([403, 403]), WAIT);
  const mode = await admin.send("/api/v1/policy/mode", {
    method: "PUT",
    json: { mode: "monitoring", reason: "INC-1" },
  });
  expect(mode.status).toBe(200);
  await vi.waitFor(async () => expect(await answers()).toEqual([200, 200]), WAIT);
  const shown: { mode?: string; source?: string } = await (await admin.send("/api/v1/policy")).json();
  expect(shown).toMatchObject({ mode: "monitoring", source: "service" });
  await admin.send("/api/v1/policy/mode", { method: "PUT", json: { mode: "block", reason: "INC-1 is over" } });
  await vi.waitFor(async () => expect(await answers()).toEqual([403, 403]), WAIT);
  const entry = { list: "allow", source: "127.0.0.0/8", ttlSeconds: 600, reason: "test", force: true };
  expect((await admin.send("/api/v1/ip-lists", { method: "POST", json: entry })).status).toBe(200);
  await vi.waitFor(async () => expect(await answers()).toEqual([200, 200]), WAIT);
});
