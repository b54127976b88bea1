/**
 * Colours: every pair of text and background that the console puts together has the contrast of WCAG 2.2 AA, light and
 * dark. Which pairs there are stands here; a page is held against it in the browser.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { linesOf, openConsole } from "../hosts/web/stage.ts";
import { closeBrowser } from "../tools/browser.ts";
import { ROOT } from "../tools/component.ts";

afterAll(closeBrowser);

const CSS = readFileSync(join(ROOT, "hosts/web/style/tokens.css"), "utf8");
const TOKENS = new Map(
  [...CSS.matchAll(/--([\w-]+): light-dark\((#[\da-f]{6}), (#[\da-f]{6})\)/g)].map(
    ([, name = "", light = "", dark = ""]) => {
      return [name, [light, dark]] as const;
    },
  ),
);
/** WCAG 2.2: 1.4.3 for text, 1.4.11 for the edges of controls. */
const TEXT_CONTRAST = 4.5;
const EDGE_CONTRAST = 3;

const SURFACES = ["back", "card", "raised", "chosen"];
const PAIRS: readonly (readonly [text: string, back: string])[] = [
  ...["text", "soft", "accent", "bad", "warn", "good"].flatMap((text) => SURFACES.map((back) => [text, back] as const)),
  ...["bad", "warn", "good"].map((tone) => ["text", `${tone}-back`] as const),
  ...["amber", "violet", "red", "blue", "teal", "grey"].map((hue) => [hue, `${hue}-back`] as const),
  ...([
    ["mark-text", "mark"],
    ["on-accent", "accent"],
    ["good", "good-back"],
  ] as const),
  ...([
    ["accent", "bad-back"],
    ["accent", "warn-back"],
  ] as const),
];

/** @see WCAG 2.2, relative luminance */
function luminance(colour: readonly number[]): number {
  const linear = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (linear[0] ?? Number.NaN) + 0.7152 * (linear[1] ?? Number.NaN) + 0.0722 * (linear[2] ?? Number.NaN);
}

/** @see WCAG 2.2, contrast ratio */
function contrast(one: readonly number[], other: readonly number[]): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function ofHex(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

function ofCss(colour: string): number[] {
  return (/^rgba?\((\d+), (\d+), (\d+)/.exec(colour) ?? []).slice(1, 4).map(Number);
}

function colourOf(name: string, theme: number): number[] {
  return ofHex(TOKENS.get(name)?.[theme] ?? "");
}

test("black on white has a contrast of 21, as the computation must say", () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
  expect(contrast([118, 118, 118], [255, 255, 255])).toBeCloseTo(4.54, 1);
});

describe.each(["light", "dark"])("%s", (name) => {
  const theme = name === "light" ? 0 : 1;

  test.each(PAIRS)("%s on %s can be read", (text, back) => {
    expect(contrast(colourOf(text, theme), colourOf(back, theme))).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  });

  test.each(["back", "card", "raised"])("edges of controls are seen on %s", (back) => {
    expect(contrast(colourOf("edge", theme), colourOf(back, theme))).toBeGreaterThanOrEqual(EDGE_CONTRAST);
  });
});

/** Text, its colour and its background, of every element that has text of its own. */
const SHOWN = `
  const solid = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "none";
  };
  [...document.querySelectorAll("#app *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    const hidden = element.closest(".spoken, :disabled, option") !== null;
    const visible = element.checkVisibility({ opacityProperty: true }) && !hidden;
    if (!own || !visible) return [];
    return [[element.className + ": " + element.textContent, getComputedStyle(element).color, solid(element)]];
  });`;

test.for([false, true])("what is shown has it too, dark: %s", async (dark, context) => {
  const { page, origin } = await openConsole(context, { dark });
  for (const view of ["attacks", "dashboard", "policy", "ip-lists", "users", "nodes"]) {
    await page.goto(`${origin}/#/${view}`);
    if (view === "attacks") await linesOf(page).first().click();
    await expect.poll(() => page.locator(".ghost").count()).toBe(0);
    const texts = (await page.evaluate(SHOWN)) as [string, string, string][];
    expect(texts.length).toBeGreaterThan(15);
    const weak = texts.filter(([, text, back]) => !(contrast(ofCss(text), ofCss(back)) >= TEXT_CONTRAST));
    expect(weak).toEqual([]);
  }
  expect(luminance(ofCss(String(await page.evaluate("getComputedStyle(document.body).backgroundColor")))) < 0.1).toBe(
    dark,
  );
});
