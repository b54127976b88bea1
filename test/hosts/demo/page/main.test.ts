/** The live page as a person meets it: switch and buttons, by mouse and by keys, wide and narrow, light and dark. */
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { SAMPLES } from "../../../../hosts/demo/samples.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { attack, openPage, startStage } from "../stage.ts";

afterAll(closeBrowser);

async function numbersOf(page: Page): Promise<string[]> {
  return await page.locator(".numbers > div > b").allTextContents();
}

describe("the buttons", () => {
  test("send their sample; the answer and a row appear, and the numbers follow", async (context) => {
    const { demo } = await startStage();
    const { page, faults } = await openPage(context, demo.link());
    const buttons = page.locator(".samples button");
    await buttons.first().waitFor();
    expect(await buttons.allTextContents()).toEqual(SAMPLES.map(({ label }) => label));
    for (const [index, { label, about }] of SAMPLES.entries()) {
      await buttons.nth(index).click();
      await page
        .locator("[role=status]")
        .filter({ hasText: `${label}: answered 200. ${about}` })
        .waitFor();
      await expect.poll(() => page.locator(".row").count()).toBe(index + 1);
    }
    const attacks = await page.locator(".row.attack").count();
    expect(attacks).toBeGreaterThan(0);
    await expect.poll(async () => (await numbersOf(page)).slice(1, 4)).toEqual(["7", `${attacks}`, "0"]);
    expect((await page.locator(".spark polyline").getAttribute("points"))?.split(" ")).toHaveLength(60);
    expect(faults).toEqual([]);
  });
});

describe("the switch", () => {
  test("makes the next attack be answered 403, and back", async (context) => {
    const stage = await startStage();
    const { page } = await openPage(context, stage.demo.link());
    const button = page.getByRole("switch");
    const traversal = page.getByRole("button", { name: "Path traversal" });
    await traversal.click();
    await page.locator("[role=status]").filter({ hasText: "answered 200" }).waitFor();
    expect(await button.textContent()).toBe("Only watching");
    await button.click();
    await page.locator("[role=switch][aria-checked=true]").filter({ hasText: "Blocking attacks" }).waitFor();
    await traversal.click();
    await page.locator("[role=status]").filter({ hasText: "answered 403" }).waitFor();
    await page.locator(".row.blocked").waitFor();
    expect(await page.locator(".row .badge").allTextContents()).toEqual(["blocked", "would block"]);
    await button.click();
    await page.locator("[role=switch][aria-checked=false]").waitFor();
    expect((await attack(stage)).status).toBe(200);
  });

  test("shows what another page or the terminal switched", async (context) => {
    const { demo } = await startStage();
    const { page } = await openPage(context, demo.link());
    await page.locator("[role=switch][aria-checked=false]").waitFor();
    demo.setMode("block");
    await page.locator("[role=switch][aria-checked=true]").waitFor();
  });
});

test("keys alone do everything, in the order of the page", async (context) => {
  const { demo } = await startStage();
  const { page } = await openPage(context, demo.link());
  await page.getByRole("button", { name: "Path traversal" }).waitFor();
  const focused = page.locator(":focus-visible");
  await page.keyboard.press("Tab");
  expect(await focused.getAttribute("role")).toBe("switch");
  await page.keyboard.press("Space");
  await page.locator("[role=switch][aria-checked=true]").waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  expect(await focused.textContent()).toBe("Path traversal");
  await page.keyboard.press("Enter");
  await page.locator(".row.blocked").waitFor();
  for (let i = 0; i < 5; i++) await page.keyboard.press("Tab");
  expect(await focused.getAttribute("type")).toBe("checkbox");
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".row.blocked .detail").waitFor();
});

test.for([320, 360, 768, 1100, 1920])("at a width of %i nothing is wider than the page", async (width, context) => {
  const stage = await startStage();
  const { page } = await openPage(context, stage.demo.link(), { width });
  await attack(stage, { "user-agent": `${"../".repeat(40)}etc/passwd` });
  await attack(stage, { cookie: `${"n".repeat(120)}=../../../../etc/passwd`, "x-long": "a".repeat(4000) });
  await page.locator(".row-head").nth(1).click();
  await page.locator(".row-head").nth(0).click();
  await page.getByRole("button", { name: "Hidden in JSON" }).click();
  await page.locator("[role=status]").filter({ hasText: "answered" }).waitFor();
  const beyond = await page.locator("#app *").evaluateAll((elements, limit) => {
    const wider = elements.filter((element) => element.getBoundingClientRect().right > limit + 1);
    return wider.map((element) => `${element.localName}.${element.className}`);
  }, width);
  expect(beyond).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
});

/** Text colour, its background and the text itself, of every element that has text of its own. */
const COLOURS = `
  const solid = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "none";
  };
  [...document.querySelectorAll("body *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    const shown = element.checkVisibility() && element.localName !== "noscript";
    if (!own || !shown) return [];
    return [[element.className + ": " + element.textContent, getComputedStyle(element).color, solid(element)]];
  });`;

/** @see WCAG 2.2, relative luminance */
function luminance(colour: string): number {
  const [, red, green, blue] = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour) ?? [];
  const linear = [red, green, blue].map((value) => {
    const part = Number(value) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (linear[0] ?? Number.NaN) + 0.7152 * (linear[1] ?? Number.NaN) + 0.0722 * (linear[2] ?? Number.NaN);
}

/** @see WCAG 2.2, contrast ratio */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

test("black on white has a contrast of 21, as the computation must say", () => {
  expect(contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)")).toBeCloseTo(21);
  expect(contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)")).toBeCloseTo(4.54, 1);
});

test.for([false, true])("all texts have a contrast of 4.5 at least, dark: %s", async (dark, context) => {
  const stage = await startStage();
  const { page } = await openPage(context, stage.demo.link(), { dark });
  await stage.demo.attack();
  await page.getByRole("button", { name: "An ordinary visit" }).click();
  await page.getByRole("switch").click();
  await page.locator("[role=switch][aria-checked=true]").waitFor();
  await attack(stage);
  await page.locator(".row.blocked .row-head").click();
  await page.locator(".row.attack").first().waitFor();
  await page.locator(".row.passed").first().waitFor();
  await stage.demo.close();
  await page.locator("[role=alert]").waitFor();
  const texts = (await page.evaluate(COLOURS)) as [string, string, string][];
  expect(texts.length).toBeGreaterThan(50);
  const weak = texts.filter(([, text, back]) => !(contrast(text, back) >= 4.5));
  expect(weak).toEqual([]);
  const [, , back = ""] = texts[0] ?? [];
  expect(luminance(back) < 0.1).toBe(dark);
});
