/** An opened row: the payload marked in every layer, from the bytes as sent to where it was found. */
import { afterAll, describe, expect, test } from "vitest";
import { Feed } from "../../../../hosts/demo/feed.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { attack, eventOf, matchOf, openPage, startLive, startStage } from "../stage.ts";

afterAll(closeBrowser);

describe("the detail of an attack", () => {
  test("names point, signature, weakness and reference, and marks the payload layer by layer", async (context) => {
    const stage = await startStage({ mode: "block" });
    const { page, faults } = await openPage(context, stage.demo.link());
    const blocked = await attack(stage);
    await page.locator(".row.blocked .row-head").click();
    const detail = page.locator(".detail");
    expect(await detail.locator("dl").textContent()).toContain(`reference${JSON.parse(blocked.body).reference}`);
    expect(await detail.locator("dl").textContent()).toContain("answer403");
    const match = detail.locator(".match").filter({ hasText: "query.name" }).first();
    expect(await match.locator(".type").textContent()).toBe("ptrav");
    expect(await match.locator("small").textContent()).toMatch(/^ptrav-[a-z]+ · CWE-22$/);
    const layers = await match.locator(".layer-name").allTextContents();
    expect(layers.slice(0, 2)).toEqual(["as sent", "form-decoded"]);
    const marks = await match.locator("mark").allTextContents();
    expect(marks[0]).toContain("..%252f..%252f");
    expect(marks[1]).toContain("..%2f..%2f");
    expect(marks).toHaveLength(layers.length);
    expect(faults).toEqual([]);
  });

  test("shows every byte, cut marks where an excerpt is a part, and what the core noticed beside", async (context) => {
    const feed = new Feed();
    const { live } = await startLive(feed);
    const excerpt = Buffer.from([0x61, 0x0a, 0x00, 0x3c, 0xff, 0x7f, 0x7a]);
    const layers = [
      { as: "raw", span: [101, 105], excerpt, excerptAt: 100 },
      { as: "of-the-future", span: [0, 500], excerpt, excerptAt: 0 },
    ] as const;
    const matches = [matchOf(excerpt, { layers })];
    feed.add(eventOf({ status: 0 }, { matches, limits: ["fuel"], anomalies: ["path_dots", "twice"], clientIp: "" }));
    const { page } = await openPage(context, live.link);
    await page.locator(".row-head").click();
    const lines = page.locator(".layer");
    expect(await lines.locator("code").allTextContents()).toEqual(["…a⏎\\x00<\\xff\\x7fz", "a⏎\\x00<\\xff\\x7fz…"]);
    expect(await lines.locator("mark").allTextContents()).toEqual(["⏎\\x00<\\xff", "a⏎\\x00<\\xff\\x7fz"]);
    expect(await lines.locator(".layer-name").allTextContents()).toEqual(["as sent", "of-the-future"]);
    expect(await lines.locator(".layer-span").allTextContents()).toEqual(["101–105", "0–500"]);
    const text = await page.locator(".detail").textContent();
    for (const words of ["clientunknown", "answernone", "Limits reached: fuel.", "differently: path_dots, twice."]) {
      expect(text).toContain(words);
    }
  });

  test("a span outside of its excerpt marks nothing and breaks nothing", async (context) => {
    const feed = new Feed();
    const { live } = await startLive(feed);
    const spans = [
      [0, 2],
      [9, 4],
      [500, 600],
    ] as const;
    const layers = spans.map((span) => ({ as: "raw", span, excerpt: Buffer.from("abc"), excerptAt: 10 }));
    feed.add(eventOf({}, { matches: [matchOf(Buffer.from("abc"), { layers })] }));
    const { page, faults } = await openPage(context, live.link);
    await page.locator(".row-head").click();
    expect(await page.locator("mark").allTextContents()).toEqual(["", "", ""]);
    expect(await page.locator(".layer code").allTextContents()).toEqual(["…abc", "…abc", "…abc…"]);
    expect(faults).toEqual([]);
  });
});

test("the detail of a visit says that nothing was found", async (context) => {
  const feed = new Feed();
  feed.add(eventOf());
  const { live } = await startLive(feed);
  const { page } = await openPage(context, live.link);
  await page.locator(".row-head").click();
  expect(await page.locator(".detail p").textContent()).toBe("Nothing in this request looks like an attack.");
});
