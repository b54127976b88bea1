/** A record whole: verdict, incident, limits, who and where, and what is like it. S2: its text is only ever text. */
import { afterAll, describe, expect, test } from "vitest";
import { visible } from "../../../../hosts/web/record/bytes.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { HOSTILE } from "../../demo/page/hostile.ts";
import { sampleRecord } from "../../records/sample.ts";
import { expectInert, hostileRecord } from "../hostile-record.ts";
import { linesOf, openConsole, openStandIn } from "../stage.ts";
import type { StandIn } from "../stand-in.ts";

afterAll(closeBrowser);

test("says what was done, by which mode of which policy, and what the client got", async (context) => {
  const watched = { action: "monitored", mode: "monitoring", would_action: "block" } as const;
  const limits = { reached: ["fuel"], parser_anomaly: ["json", "later"], matches_dropped: 3 };
  const record = sampleRecord({ ...watched, incident: true, limits, response: { status: 200, seen: true } });
  const { page } = await openConsole(context, { records: [record], hash: `#/record/${record.id}` });
  const text = async (selector: string): Promise<string> => (await page.locator(selector).allTextContents()).join("\n");
  await page.locator(".verdict").waitFor();
  expect(await text(".verdict")).toContain("watched (mode block would have stopped it)");
  expect(await text(".verdict")).toContain("Mode monitoring of merlon.yaml, generation 1. The client got status 200.");
  expect(await text(".notice.bad")).toContain("the attack may have worked");
  expect(await text(".notice.warn")).toContain("more work than one request may cause");
  expect(await text(".notice.warn")).toContain("JSON that parsers read in different ways; later");
  expect(await text(".record > .soft")).toContain("3 more findings");
});

test("leads to the policy that decided and to records that are like it, with exact counts", async (context) => {
  const { page, records } = await openConsole(context);
  await linesOf(page).filter({ hasText: "Path traversal" }).click();
  const record = records.find(({ hits }) => hits[0]?.type === "ptrav");
  const like = records.filter(({ client }) => client.ip === record?.client.ip).length;
  const link = page.locator(".related a").first();
  await expect.poll(() => link.textContent()).toBe(`${like} from this client`);
  const policy = await page.locator(".verdict a").getAttribute("href");
  expect(policy).toBe("#/policy?method=GET&host=shop.example&path=%2Fmanual");
  await link.click();
  await expect.poll(() => linesOf(page).count()).toBe(Math.min(50, like));
});

/** A preview in which everything that can be named is named by the text. */
function previewAll({ handlers }: StandIn, text: string): void {
  const line = {
    id: text,
    ref: text,
    at: 1,
    ip: text,
    method: text,
    host: text,
    path: text,
    types: [text],
    payload: text,
  };
  handlers.previewException = () => ({
    ...{ examined: 9, complete: false, touched: 3, released: 2, hits: 3, clients: 1, untouchedOnRoute: 1 },
    ...{ byStamp: [{ stamp: text, count: 1 }], trueAttacks: [line], examples: [line] },
    knownAttacks: { tried: 9, admitted: [{ type: text, payload: text, stamps: [text] }], admittedCount: 1 },
  });
}

describe("S2: a client's text stays text in every field of a record", () => {
  test.for(HOSTILE.map((text, index) => [index, text] as const))("payload %i: %s", async ([, text], context) => {
    const record = hostileRecord(text);
    const stage = await openStandIn(context, { records: [record], prepare: (api) => previewAll(api, text) });
    const { page, origin } = stage;
    await linesOf(page).first().waitFor();
    await linesOf(page).first().click();
    await page.locator(".open-record .layers").first().waitFor();
    await page.locator(".related b").filter({ hasText: "1" }).first().waitFor();
    await expectInert(stage);
    await page.locator(".open-record").getByRole("button", { name: "hex" }).first().click();
    await page.getByRole("button", { name: "Raw" }).click();
    await page.getByRole("button", { name: "cURL" }).click();
    await expectInert(stage);
    await page.getByRole("button", { name: "False positive" }).click();
    await page.locator("dialog .preview summary").last().click();
    expect(await page.locator("dialog .record-lines").first().textContent()).toContain(visible(text));
    await expectInert(stage);
    await page.goto(`${origin}/#/attacks?group=none&where=${encodeURIComponent(text)}`);
    await page.locator(".search .problem").waitFor();
    await expectInert(stage);
    await page.goto(`${origin}/#/record/${encodeURIComponent(text)}`);
    await page.getByText("No such record").waitFor();
    await page.goto(`${origin}/#/dashboard`);
    await page.locator(".tops").waitFor();
    await expectInert(stage);
  });
});

test("S2 holds through the real store and API, in the list, each record and what is proposed of it", {
  timeout: 240_000,
}, async (context) => {
  const records = HOSTILE.map(hostileRecord);
  const stage = await openConsole(context, { records, hash: "#/attacks?group=none" });
  const { page, origin } = stage;
  await expect.poll(() => linesOf(page).count()).toBe(HOSTILE.length);
  await expectInert(stage);
  for (const { id, ref } of records) {
    await page.goto(`${origin}/#/record/${id}`);
    await page
      .locator(".facts")
      .filter({ hasText: visible(ref) })
      .waitFor();
    await page.getByRole("button", { name: "False positive" }).click();
    await page.locator("dialog").locator(".preview, .problem, .empty").first().waitFor();
    await expectInert(stage);
    await page.keyboard.press("Escape");
  }
  for (const view of ["attacks", "attacks?group=point,path,ip,node", "dashboard", "nodes", "audit"]) {
    await page.goto(`${origin}/#/${view}`);
    await page.locator("main h1").first().waitFor();
    await expect.poll(() => page.locator(".ghost").count()).toBe(0);
    await expectInert(stage);
  }
});
