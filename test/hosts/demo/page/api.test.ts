/** How the page reaches its server: by a link that works once, by a session that outlives a reload, and not at all. */
import { afterAll, describe, expect, test } from "vitest";
import { Feed } from "../../../../hosts/demo/feed.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { connectRaw } from "../../dataplane/sidecar/stage.ts";
import { eventOf, openPage, openSession, startLive, startStage } from "../stage.ts";

afterAll(closeBrowser);

const ALERT = "[role=alert]";

describe("the link", () => {
  test("opens the page, and its key leaves the address", async (context) => {
    const stage = await startStage();
    const { page, faults } = await openPage(context, stage.demo.link());
    await page.getByRole("button", { name: "Path traversal" }).waitFor();
    expect(page.url()).toBe(`http://127.0.0.1:${stage.livePort}/`);
    expect(await page.locator(ALERT).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("that was used says so, and where to find the next", async (context) => {
    const stage = await startStage();
    const link = stage.demo.link();
    await openPage(context, link).then(({ page }) => page.getByRole("button", { name: "Path traversal" }).waitFor());
    const { page } = await openPage(context, link);
    await page.locator(ALERT).filter({ hasText: "this link was used already" }).waitFor();
    await page.locator(ALERT).filter({ hasText: "open the link that the terminal shows" }).waitFor();
    expect(await page.locator(".samples button").count()).toBe(0);
  });
});

describe("the session", () => {
  test("outlives a reload of its tab, with the rows that were there", async (context) => {
    const stage = await startStage();
    const { page, faults } = await openPage(context, stage.demo.link());
    await page.getByRole("button", { name: "An ordinary visit" }).click();
    await page.locator(".row").waitFor();
    await page.reload();
    await page.locator(".row").waitFor();
    expect(await page.locator(".row").count()).toBe(1);
    expect(faults).toEqual([]);
  });
});

describe("the stream", () => {
  test("shows what others send, and each verdict once", async (context) => {
    const stage = await startStage();
    await stage.demo.attack();
    const { page, faults } = await openPage(context, stage.demo.link());
    await expect.poll(() => page.locator(".row").count()).toBe(5);
    await stage.demo.attack();
    await expect.poll(() => page.locator(".row").count()).toBe(10);
    expect(faults).toEqual([]);
  });

  test("that breaks is told, and taken up again with what came meanwhile", async (context) => {
    const feed = new Feed();
    const { live, sockets } = await startLive(feed);
    const { page } = await openPage(context, live.link);
    await page.getByRole("button", { name: "An ordinary visit" }).waitFor();
    feed.add(eventOf({ id: "1" }));
    await expect.poll(() => page.locator(".row").count()).toBe(1);
    for (const socket of sockets) socket.destroy();
    feed.add(eventOf({ id: "2" }));
    await page.locator(ALERT).filter({ hasText: "is it still running?" }).waitFor();
    await expect.poll(() => page.locator(".row").count()).toBe(2);
    expect(await page.locator(ALERT).count()).toBe(0);
  });

  test("that the server refuses is told in the server's words", async (context) => {
    const stage = await startStage();
    const token = await openSession(stage);
    for (let i = 0; i < 16; i++) {
      const client = await connectRaw(stage.livePort);
      const head = ["GET /api/stream HTTP/1.1", `Host: 127.0.0.1:${stage.livePort}`, `Authorization: Bearer ${token}`];
      client.write(`${head.join("\r\n")}\r\n\r\n`);
      await client.until(/event: summary/);
    }
    const { page } = await openPage(context, stage.demo.link());
    await page.locator(ALERT).filter({ hasText: "too many pages are open: close one" }).waitFor();
  });

  test("of a demo that ended leaves the page standing, with the reason", async (context) => {
    const stage = await startStage();
    const { page } = await openPage(context, stage.demo.link());
    await page.getByRole("button", { name: "An ordinary visit" }).click();
    await page.locator(".row").waitFor();
    await stage.demo.close();
    await page.locator(ALERT).filter({ hasText: "is it still running?" }).waitFor();
    expect(await page.locator(".row").count()).toBe(1);
  });
});
