/** The list of verdicts: what a row says, how a keyboard opens it, and that a client's text stays text. */
import { afterAll, describe, expect, test } from "vitest";
import { Feed } from "../../../../hosts/demo/feed.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { connectRaw, send } from "../../dataplane/sidecar/stage.ts";
import { attack, eventOf, matchOf, openPage, startLive, startStage } from "../stage.ts";
import { expectInert, HOSTILE } from "./hostile.ts";

afterAll(closeBrowser);

const ATTACK = { action: "pass", wouldAction: "block", matches: [matchOf(Buffer.from("../"))] } as const;
const VERDICTS = [
  ["passed", {}],
  ["would block", ATTACK],
  ["blocked", { ...ATTACK, action: "block" }],
  ["not inspected", { failed: true }],
] as const;

describe("a row", () => {
  test("says what became of the request, what was found and where", async (context) => {
    const feed = new Feed();
    for (const [id, [, verdict]] of VERDICTS.entries()) {
      feed.add(eventOf({ id: `${id}`, ref: `${id}`, path: `/path-${id}`, method: "PUT", addedMicros: 1234 }, verdict));
    }
    const { live } = await startLive(feed);
    const { page } = await openPage(context, live.link);
    for (const [id, [says, verdict]] of VERDICTS.entries()) {
      const row = page.locator(`#r-${id}`);
      expect(await row.locator(".badge").textContent()).toBe(says);
      expect(await row.locator(".request").textContent()).toBe(`PUT /path-${id}`);
      expect(await row.locator(".micros").textContent()).toBe("1.23 ms");
      const found = "matches" in verdict;
      expect(await row.locator(".types").textContent()).toBe(found ? "ptrav" : "");
      expect(await row.locator(".where").textContent()).toBe(found ? "query.name" : "");
    }
  });

  test("is opened and closed by a click, one at a time, and its reference is in the address", async (context) => {
    const stage = await startStage();
    const { page } = await openPage(context, stage.demo.link());
    for (let i = 0; i < 2; i++) await attack(stage);
    const heads = page.locator(".row-head");
    await expect.poll(() => heads.count()).toBe(2);
    await heads.nth(0).click();
    const reference = await page.locator(".detail dd code").textContent();
    expect(page.url()).toContain(`#ref=${reference}`);
    await heads.nth(1).click();
    expect(await page.locator(".detail").count()).toBe(1);
    expect(await heads.nth(1).getAttribute("aria-expanded")).toBe("true");
    await heads.nth(1).click();
    expect(await page.locator(".detail").count()).toBe(0);
    expect(page.url()).not.toContain("#");
  });

  test("whose reference is in the address is open from the start", async (context) => {
    const stage = await startStage();
    await attack(stage);
    const blocked = await send(stage.proxyPort, { path: "/?id=2" });
    expect(blocked.status).toBe(200);
    const { page } = await openPage(context, stage.demo.link());
    const id = await page.locator(".row.attack").getAttribute("id");
    await page.goto(`${new URL(page.url()).origin}/#ref=${id?.slice(2)}`);
    await page.locator(".row.attack .detail").waitFor();
    expect(await page.locator(".detail").count()).toBe(1);
  });

  test("obeys a keyboard, and keeps the focus while others come above it", async (context) => {
    const stage = await startStage();
    const { page } = await openPage(context, stage.demo.link());
    await attack(stage);
    await page.locator(".row").waitFor();
    await page.getByRole("checkbox").focus();
    await page.keyboard.press("Tab");
    const focused = page.locator(".row-head:focus-visible");
    expect(await focused.count()).toBe(1);
    expect(await focused.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe("solid");
    await page.keyboard.press("Enter");
    await page.locator(".detail").waitFor();
    expect(await focused.getAttribute("aria-expanded")).toBe("true");
    const mine = await focused.locator("xpath=..").getAttribute("id");
    await send(stage.proxyPort, { path: "/?id=1" });
    await expect.poll(() => page.locator(".row").count()).toBe(2);
    expect(await focused.locator("xpath=..").getAttribute("id")).toBe(mine);
    expect(await page.locator(".row").nth(1).getAttribute("id")).toBe(mine);
    await page.keyboard.press("Space");
    expect(await page.locator(".detail").count()).toBe(0);
    await page.keyboard.press("Shift+Tab");
    expect(await page.locator(".row").nth(0).locator(".row-head:focus-visible").count()).toBe(1);
  });
});

describe("the list", () => {
  test("that is empty says what to do", async (context) => {
    const stage = await startStage();
    const { page } = await openPage(context, stage.demo.link());
    await page.getByRole("button", { name: "An ordinary visit" }).waitFor();
    expect(await page.locator(".empty a").getAttribute("href")).toBe(`${stage.demo.proxy}/`);
  });

  test("can leave out what passed", async (context) => {
    const stage = await startStage();
    const { page } = await openPage(context, stage.demo.link());
    await attack(stage);
    await send(stage.proxyPort, { path: "/?id=2" });
    await expect.poll(() => page.locator(".row").count()).toBe(2);
    await page.getByLabel("attacks only").check();
    await expect.poll(() => page.locator(".row").count()).toBe(1);
    expect(await page.locator(".row .badge").textContent()).toBe("would block");
  });

  test("shows the last 200", async (context) => {
    const feed = new Feed();
    const { live } = await startLive(feed);
    const { page } = await openPage(context, live.link);
    await page.locator(".empty").waitFor();
    for (let i = 1000; i < 1250; i++) feed.add(eventOf({ id: `${i}`, path: `/${i}` }));
    await expect.poll(() => page.locator(".request").first().textContent()).toBe("GET /1249");
    await expect.poll(() => page.locator(".row").count()).toBe(200);
  });
});

describe("a client's text stays text", () => {
  test("in every field of a row and its detail, whatever the core or a host would let through", async (context) => {
    const feed = new Feed();
    const { live } = await startLive(feed);
    const watched = await openPage(context, live.link);
    const { page } = watched;
    for (const [index, text] of HOSTILE.entries()) {
      const layers = [{ as: text, span: [0, 8], excerpt: Buffer.from(text), excerptAt: 0 }] as const;
      const match = { type: text, stamp: text, cwe: [text], point: text, reason: text, layers };
      const event = { id: `${index}`, ref: `ref-${index}`, method: text, host: text, path: text };
      const core = { clientIp: text, limits: [text], anomalies: [text], matches: [matchOf(Buffer.from(text), match)] };
      feed.add(eventOf(event, { ...core, wouldAction: "block" }));
    }
    await expect.poll(() => page.locator(".row").count()).toBe(HOSTILE.length);
    for (const [index, text] of HOSTILE.entries()) {
      const row = page.locator(`#r-ref-${index}`);
      await row.locator(".row-head").click();
      expect(await row.locator(".request").textContent()).toBe(`${text.slice(0, 32)} ${text}`);
      expect(await row.locator("h3 code").textContent()).toBe(text);
      await expectInert(watched);
    }
  });

  test("in path, host, method and user agent of real requests", async (context) => {
    const stage = await startStage();
    const watched = await openPage(context, stage.demo.link());
    const { page } = watched;
    for (const text of HOSTILE) {
      const wire = text.replaceAll(" ", "/");
      const heads = [
        `GET /${wire} HTTP/1.1\r\nHost: shop.test`,
        `GET / HTTP/1.1\r\nHost: ${wire}`,
        `${wire} / HTTP/1.1\r\nHost: shop.test`,
        `GET /?${wire}=../../../../etc/passwd HTTP/1.1\r\nHost: shop.test`,
        `GET / HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: ${text} ../../../../etc/passwd`,
      ];
      for (const head of heads) {
        const client = await connectRaw(stage.proxyPort);
        client.write(Buffer.from(`${head}\r\nConnection: close\r\n\r\n`, "utf8"));
        // Some are no HTTP and refused; none of them may end the demo.
        expect(await client.end()).toMatch(/^HTTP\/1\.1 [2345]\d\d /);
      }
    }
    await send(stage.proxyPort, { path: "/last" });
    await page.locator(".row").filter({ hasText: "/last" }).waitFor();
    const rows = page.locator(".row");
    expect(await rows.count()).toBeGreaterThan(HOSTILE.length);
    for (let i = 0; i < (await rows.count()); i++) {
      await rows.nth(i).locator(".row-head").click();
      await rows.nth(i).locator(".detail").waitFor();
      await expectInert(watched);
    }
  });
});
