/** Colours are never alone: every badge says its word, to eyes and to readers of screens. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { typeHue } from "../../../../hosts/web/record/words.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { ROOT } from "../../../tools/component.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test.each(["sqli", "xss", "rce", "ptrav", "ssrf"])("the colour of %s is one that the style sheet has", (type) => {
  const css = readFileSync(join(ROOT, "hosts/web/style/record.css"), "utf8");
  expect(css).toContain(`.hue-${typeHue(type)}`);
});

test("type, severity and outcome are words", async (context) => {
  const { page } = await openConsole(context);
  const line = linesOf(page).filter({ hasText: "SQL injection" });
  expect(await line.locator(".badge.hue-amber").textContent()).toBe("SQL injection");
  expect(await line.locator(".severity .spoken").textContent()).toBe("severity critical");
  expect(await line.locator(".outcome").textContent()).toBe("partly blocked");
});
