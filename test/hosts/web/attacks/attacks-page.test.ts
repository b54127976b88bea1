/** The list of attacks as an analyst uses it: what it shows, keys, parts, files, and what it says when it is empty. */
import { afterAll, describe, expect, test } from "vitest";
import { readListState } from "../../../../hosts/web/attacks/attacks-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { recordsOfADay } from "../records.ts";
import { expectQuiet, linesOf, openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("an address that nobody wrote is read as the list that most want", () => {
  const state = readListState({ params: new URLSearchParams("window=soon&order=worst&group=&live=yes") });
  expect(state).toMatchObject({ where: "", window: "24h", order: "last_seen", isLive: false, open: "" });
});

describe("the list", () => {
  test("says of each group what, where, from whom, how often and what became of it", async (context) => {
    const stage = await openConsole(context);
    const line = linesOf(stage.page).filter({ hasText: "SQL injection" });
    const text = (await line.textContent()) ?? "";
    for (const words of ["GET", "shop.example", "/articles/{id}", "query.id", "clients", "partly blocked"]) {
      expect(text).toContain(words);
    }
    const records = stage.records.filter(({ hits }) => hits[0]?.type === "sqli").length;
    expect(await line.locator(".number").textContent()).toBe(String(records));
    await expectQuiet(stage);
  });

  test("moves by j and k, opens beside itself, and the open record is in the address", async (context) => {
    const { page } = await openConsole(context);
    await linesOf(page).first().waitFor();
    await page.keyboard.press("j");
    await expect.poll(() => page.locator(".line.open").count()).toBe(1);
    const first = await page.locator(".line.open").getAttribute("data-id");
    await page.keyboard.press("j");
    await expect.poll(() => page.locator(".line.open").getAttribute("data-id")).not.toBe(first);
    const address = page.url();
    await page.keyboard.press("k");
    await expect.poll(() => page.locator(".line.open").getAttribute("data-id")).toBe(first);
    await page.goto(address);
    await page.reload();
    await page.locator(".open-record .layers").waitFor();
    expect(await page.locator(".line.open").getAttribute("data-id")).not.toBe(first);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.locator(".open-record").count()).toBe(0);
  });

  test("comes in parts, and older ones when they are asked for", async (context) => {
    const records = recordsOfADay(130, Date.now());
    const { page } = await openConsole(context, { records, hash: "#/attacks?group=none" });
    const older = page.getByRole("button", { name: "Older" });
    for (const count of [50, 100, 130]) {
      await expect.poll(() => linesOf(page).count()).toBe(count);
      if (count < 130) await older.click();
    }
    await expect.poll(() => older.count()).toBe(0);
    const ids = await linesOf(page).evaluateAll((lines) => lines.map((line) => line.getAttribute("data-id")));
    expect(ids).toEqual(records.map(({ id }) => id));
  });
});

describe("a mark", () => {
  test("by t is a true attack, with a way back", async (context) => {
    const { page, records, site } = await openConsole(context, { hash: "#/attacks?group=none" });
    const verdict = async () => (await site.store.record(records[0]?.id ?? "", null))?.labels?.verdict ?? null;
    await linesOf(page).first().click();
    await page.getByRole("button", { name: "True attack" }).waitFor();
    await page.keyboard.press("t");
    await page.locator(".line.open .label-true_attack").waitFor();
    expect(await verdict()).toBe("true_attack");
    await page.locator(".toast").getByRole("button", { name: "undo" }).click();
    await expect.poll(() => page.locator(".line.open .label-true_attack").count()).toBe(0);
    await expect.poll(verdict).toBeNull();
  });

  test("by m puts a line aside, opens the next, and can be taken back", async (context) => {
    const { page } = await openConsole(context);
    await linesOf(page).first().waitFor();
    const count = await linesOf(page).count();
    await page.keyboard.press("j");
    const muted = await page.locator(".line.open").getAttribute("data-id");
    await page.getByRole("button", { name: "Mute" }).waitFor();
    await page.keyboard.press("m");
    await expect.poll(() => linesOf(page).count()).toBe(count - 1);
    expect(await page.locator(".line.open").getAttribute("data-id")).not.toBe(muted);
    await page.reload();
    await page.getByText("1 muted here.").waitFor();
    await page.getByRole("button", { name: "Show them" }).click();
    await expect.poll(() => linesOf(page).count()).toBe(count);
  });

  test("by d leads to the form that denies the client", async (context) => {
    const { page, records } = await openConsole(context, { hash: "#/attacks?group=none" });
    await linesOf(page).first().click();
    await page.getByRole("button", { name: "Deny client" }).waitFor();
    await page.keyboard.press("d");
    const form = page.getByRole("form", { name: "add a source" });
    expect(await form.getByLabel("Address or network").inputValue()).toBe(records[0]?.client.ip);
    expect(await form.getByLabel("Reason").inputValue()).toContain(records[0]?.ref);
  });

  test("is refused to whoever may only read, in words", async (context) => {
    const { page, api } = await openStandIn(context, {
      prepare: (standIn) => {
        standIn.session = { ...standIn.session, role: "viewer" };
      },
    });
    await linesOf(page).first().click();
    await page.getByRole("button", { name: "True attack" }).waitFor();
    for (const key of ["f", "t", "d"]) await page.keyboard.press(key);
    await expect.poll(() => page.locator(".toast.bad").count()).toBe(3);
    expect(await page.locator(".toast.bad").first().textContent()).toContain(
      "this takes the role analyst; yours is viewer",
    );
    expect(api.asked).not.toContain("labelRecord");
    expect(api.asked).not.toContain("proposeExceptions");
  });
});

describe("an empty list", () => {
  test("of a search leads out of it", async (context) => {
    const where = encodeURIComponent('type == "nothing"');
    const { page } = await openConsole(context, { hash: `#/attacks?where=${where}` });
    await page.getByText("Nothing fits this search").waitFor();
    await page.getByRole("link", { name: "Without the search" }).click();
    await linesOf(page).first().waitFor();
  });

  test("of a quiet site says how to see an attack", async (context) => {
    const { page } = await openConsole(context, { records: [] });
    await page.getByText("No attacks yet").waitFor();
    expect(await page.locator(".empty").textContent()).toContain("merlon test");
  });
});
