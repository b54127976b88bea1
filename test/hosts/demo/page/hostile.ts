/**
 * Texts that want to be markup or script where a page shows them, and the proof that they stayed text: nothing was
 * called, nothing was refused by the content policy (which is the second line, not the first), and no element is there
 * but those that the page makes itself.
 */
import { expect } from "vitest";
import type { WatchedPage } from "../stage.ts";

/** Each would call `alert` in a page that puts it into markup, an attribute, an address or a script. */
export const HOSTILE: readonly string[] = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  '"><svg onload=alert(1)>',
  "' autofocus onfocus=alert(1) x='",
  "</code></button><iframe srcdoc='<script>parent.alert(1)</script>'>",
  "<a href=javascript:alert(1) id=app>here</a>",
  "javascript:alert(1)//",
  "{{constructor.constructor('alert(1)')()}}",
  "${alert(1)}",
  "<!--<style>*{display:none}</style>",
  "\u202e<b>\u0000",
];

const ELEMENTS = new Set([
  ...["a", "b", "button", "code", "dd", "div", "dl", "dt", "h1", "h2", "h3", "header", "img", "input", "label", "li"],
  ...["main", "mark", "p", "polyline", "section", "small", "span", "svg", "time", "ul"],
]);
const ATTRIBUTES = new Set([
  ...["alt", "aria-checked", "aria-expanded", "aria-label", "class", "height", "href", "id", "points", "role", "src"],
  ...["title", "type", "viewBox", "width"],
]);

/** Fails where anything ran or was refused, or where an element or attribute is there that the page does not make. */
export async function expectInert({ page, faults }: WatchedPage): Promise<void> {
  expect(faults).toEqual([]);
  expect(await page.evaluate("window.called")).toBe(0);
  const names = (await page.evaluate(
    "[...document.querySelectorAll('#app *')].map((e) => [e.localName, e.getAttributeNames()])",
  )) as [string, string[]][];
  expect(names.length).toBeGreaterThan(20);
  expect(names.map(([element]) => element).filter((element) => !ELEMENTS.has(element))).toEqual([]);
  expect(names.flatMap(([, attributes]) => attributes).filter((attribute) => !ATTRIBUTES.has(attribute))).toEqual([]);
  const addresses = await page
    .locator("#app [src], #app [href]")
    .evaluateAll((elements) => elements.map((element) => element.getAttribute("src") ?? element.getAttribute("href")));
  expect(addresses.filter((address) => !/^\/icon\.svg$|^http:\/\/127\.0\.0\.1:\d+\/$/.test(address ?? ""))).toEqual([]);
}
