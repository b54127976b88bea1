/** The request: its parts, raw, as a command, and neutralised; what is shown is what is copied. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("has three forms, and each is copied as it is shown", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).filter({ hasText: "Cross-site scripting" }).click();
  const view = page.getByRole("region", { name: "request", exact: true });
  await view.waitFor();
  expect(await view.locator(".request-line").textContent()).toContain("POST /reviews");
  expect(await view.locator(".headers").textContent()).toContain("authorization*******************");
  expect(await view.locator(".replay").textContent()).toContain('{"stars":5,"text":"PGltZyBzcmM9eCB');
  await view.getByRole("button", { name: "Raw" }).click();
  await view.getByRole("button", { name: "Copy" }).click();
  await view.getByRole("button", { name: "copied" }).waitFor();
  const raw = String(await page.evaluate("navigator.clipboard.readText()"));
  expect(raw).toMatch(/^POST \/reviews HTTP\/1\.1\r?\nhost: shop\.example\r?\n/);
  await view.getByRole("button", { name: "cURL" }).click();
  expect(await view.locator(".replay").textContent()).toMatch(/^curl .*--data-raw/);
  await view.getByRole("checkbox", { name: "neutralised" }).check();
  const safe = (await view.locator(".replay").textContent()) ?? "";
  expect(safe).toContain("REMOVED");
  expect(safe).not.toContain("vbmVycm9yPWFsZXJ0");
  expect(await view.textContent()).toContain("masked, their bytes are *: header.AUTHORIZATION");
});
