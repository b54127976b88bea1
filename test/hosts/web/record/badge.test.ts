/** Colours are never alone: every badge says its word, to eyes and to readers of screens. */
import { afterAll, expect, test } from "vitest";
import { TYPE_HUES, typeHue } from "../../../../hosts/web/record/words.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("every colour of a type is one that the style sheet has", () => {
  for (const type of ["sqli", "xss", "rce", "ptrav", "ssrf", "scanner"]) expect(TYPE_HUES).toContain(typeHue(type));
});

test("type, severity and outcome are words", async (context) => {
  const { page } = await openConsole(context);
  const line = linesOf(page).filter({ hasText: "SQL injection" });
  expect(await line.locator(".badge.hue-amber").textContent()).toBe("SQL injection");
  expect(await line.locator(".severity .spoken").textContent()).toBe("severity critical");
  expect(await line.locator(".outcome").textContent()).toBe("partly blocked");
});
