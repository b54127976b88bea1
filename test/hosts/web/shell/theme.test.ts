/** Light, dark and as the system says. */
import { afterAll, expect, test } from "vitest";
import { nextTheme, THEMES } from "../../../../hosts/web/shell/theme.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("the switch goes round", () => {
  expect(THEMES.map(nextTheme)).toEqual(["light", "dark", "system"]);
});

const BACK = "getComputedStyle(document.body).backgroundColor";

test("the system's choice counts until a person makes one, which outlives a reload", async (context) => {
  const { page } = await openConsole(context, { dark: true });
  await linesOf(page).first().waitFor();
  expect(await page.evaluate(BACK)).toBe("rgb(15, 17, 21)");
  await page.getByRole("button", { name: "colours: system" }).click();
  await page.getByRole("button", { name: "colours: light" }).waitFor();
  expect(await page.evaluate(BACK)).toBe("rgb(244, 245, 248)");
  await page.reload();
  await linesOf(page).first().waitFor();
  expect(await page.evaluate(BACK)).toBe("rgb(244, 245, 248)");
});
