/** The frame: ways between views by role, references of blocked clients, help for keys, phones, lost addresses. */
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { type ConsoleStage, expectQuiet, linesOf, openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

async function waysOf(page: Page): Promise<string[]> {
  return await page.locator(".shell > nav a").allTextContents();
}

describe("the navigation", () => {
  test("shows an admin everything, and marks where the page is", async (context) => {
    const stage = await openConsole(context);
    await linesOf(stage.page).first().waitFor();
    const ways = [
      "Attacks",
      "Dashboard",
      "API inventory",
      "Rollout",
      "Exceptions",
      "IP lists",
      "Policy",
      "Nodes",
      "Users and tokens",
      "Audit",
      "Exports",
    ];
    expect(await waysOf(stage.page)).toEqual(ways);
    for (const way of ways) {
      await stage.page.getByRole("link", { name: way, exact: true }).click();
      await expect.poll(() => stage.page.locator(".shell > nav a[aria-current]").textContent()).toBe(way);
      await expect.poll(() => stage.page.title()).toBe(`${way} · Merlon`);
      expect(await stage.page.locator(".problem").count()).toBe(0);
    }
    await expectQuiet(stage);
  });

  test("shows a viewer of one application what is theirs, and says why of the rest", async (context) => {
    const { page } = await openStandIn(context, {
      hash: "#/users",
      prepare: (api) => {
        api.session = { ...api.session, role: "viewer", tenants: ["shop"] };
      },
    });
    await page.getByText("Not for your role").waitFor();
    expect(await waysOf(page)).toEqual(["Attacks", "Dashboard", "API inventory", "Rollout", "Exceptions"]);
  });

  test("of an address that leads nowhere says so", async (context) => {
    const { page } = await openConsole(context, { hash: "#/nowhere" });
    await page.getByText("There is no such view").waitFor();
    await page.getByRole("link", { name: "To the attacks" }).click();
    await linesOf(page).first().waitFor();
  });
});

test("the reference that a client was shown leads to its record, in any case of letters", async (context) => {
  const { page, records } = await openConsole(context);
  const ref = records[3]?.ref ?? "";
  await page.getByRole("textbox", { name: "reference" }).fill(` ${ref.toLowerCase()} `);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `Record ${ref}` }).waitFor();
});

test("? shows what the keys do here, and Escape ends it", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  await page.keyboard.press("j");
  await page.getByRole("button", { name: "False positive" }).waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.waitFor();
  const keys = await help.locator("kbd").allTextContents();
  expect(keys).toEqual(expect.arrayContaining(["j", "k", "f", "t", "d", "m", "/", "?"]));
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  expect(await page.locator(".open-record").count()).toBe(1);
});

test("signing out leads to the sign-in page", async (context) => {
  const { page, api } = await openStandIn(context);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  expect(api.isSignedIn).toBe(false);
});

const VIEWS = [
  "attacks",
  "dashboard",
  "exceptions",
  "ip-lists?add=203.0.113.7",
  "policy",
  "nodes",
  "users",
  "audit",
  "exports",
];

async function beyond({ page }: ConsoleStage, width: number): Promise<string[]> {
  return await page.locator("main, main *, .bar *").evaluateAll((elements, limit) => {
    const inScroll = (element: Element): boolean => element.closest(".scroll, .plot, .hex, .spoken") !== null;
    const wider = elements.filter((element) => !inScroll(element) && element.getBoundingClientRect().right > limit + 1);
    return wider.map((element) => `${element.localName}.${element.className}`);
  }, width);
}

test.for([360, 768])("at a width of %i nothing is wider than the page, in any view", async (width, context) => {
  const stage = await openConsole(context, { width, height: 800 });
  const { page, origin } = stage;
  await linesOf(page).first().waitFor();
  for (const view of VIEWS) {
    await page.goto(`${origin}/#/${view}`);
    await page.locator("main h1").first().waitFor();
    await expect.poll(() => page.locator(".ghost").count()).toBe(0);
    expect([view, await beyond(stage, width)]).toEqual([view, []]);
  }
  await page.goto(`${origin}/#/attacks`);
  await linesOf(page).first().click();
  await page.locator(".layers").waitFor();
  expect(await beyond(stage, width)).toEqual([]);
});

test("on a phone the ways are behind a button, and close when one is taken", async (context) => {
  const { page } = await openConsole(context, { width: 390, height: 800 });
  const nodes = page.getByRole("link", { name: "Nodes", exact: true });
  await linesOf(page).first().waitFor();
  expect(await nodes.isVisible()).toBe(false);
  await page.getByRole("button", { name: "menu" }).click();
  await nodes.click();
  await page.getByRole("heading", { name: "Nodes" }).waitFor();
  await expect.poll(() => nodes.isVisible()).toBe(false);
});
