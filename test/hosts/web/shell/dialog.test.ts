/** Panels: named, closed by Escape, by their button and by a press beside them; the focus comes back. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test.for(["Escape", "button", "beside"])("closes by %s, and the focus is where it was", async (way, context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().click();
  const opener = page.getByRole("button", { name: "False positive" });
  await opener.click();
  const dialog = page.getByRole("dialog", { name: "False positive" });
  await dialog.getByRole("button", { name: "Apply" }).waitFor();
  if (way === "Escape") await page.keyboard.press("Escape");
  if (way === "button") await dialog.getByRole("button", { name: "close" }).click();
  if (way === "beside") await page.mouse.click(20, 500);
  await dialog.waitFor({ state: "detached" });
  expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
});
