/**
 * Takes the picture of the live page that the README shows: `node test/tools/screenshot.ts`, when the page or what the
 * core finds has changed. It starts the demo, attacks it, switches to blocking, attacks it again, and opens one row.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startDemo } from "../../hosts/demo/demo.ts";
import { SAMPLES } from "../../hosts/demo/samples.ts";
import { browser, closeBrowser } from "./browser.ts";
import { ROOT } from "./component.ts";

const FILE = "docs/console.png";
const VIEWPORT = { width: 1100, height: 836 };
/** Largest picture: everybody who clones gets it. */
const PICTURE_BYTES_MAX = 200 * 1024;
const WARM_UPS = 500;
/** Samples in the order in which they are sent; the row of the last, whose payload hides best, is opened. */
const PRESSED = ["tutorial", "xss", "visit", "ptrav", "rce", "sqli", "nested"];

const component = await browser();
if ("missing" in component) throw new Error(`no picture without a browser: ${component.missing}`);
const demo = await startDemo({ shopPort: 0, proxyPort: 0, livePort: 0, print: () => {} });
const page = await component.found.newPage({ viewport: VIEWPORT, colorScheme: "light", locale: "en-GB" });
// A process's first requests are slow: with these alone, their times would be what everybody sees.
for (let i = 0; i < WARM_UPS; i++) await fetch(`${demo.proxy}/?id=${i % 4}`).then((response) => response.text());
await page.goto(demo.link());

/** Presses a sample's button and waits for its answer. */
async function press(id: string): Promise<void> {
  const label = SAMPLES.find((sample) => sample.id === id)?.label ?? id;
  await page.getByRole("button", { name: label }).click();
  await page
    .locator("[role=status]")
    .filter({ hasText: `${label}: answered` })
    .waitFor();
}

await page.getByRole("switch").click();
await page.locator("[role=switch][aria-checked=true]").waitFor();
for (const id of PRESSED) await press(id);
await page.locator(".row .row-head").first().click();
await page.locator(".detail mark").first().waitFor();
await page.mouse.move(0, 0);
// The numbers come once a second.
await page
  .locator(".numbers b")
  .nth(1)
  .filter({ hasText: `${WARM_UPS + PRESSED.length}` })
  .waitFor();
const picture = await page.screenshot();
await closeBrowser();
await demo.close();
if (picture.length > PICTURE_BYTES_MAX) throw new Error(`the picture has ${picture.length} bytes: show less`);
await writeFile(join(ROOT, FILE), picture);
process.stdout.write(`${FILE}: ${picture.length} bytes\n`);
