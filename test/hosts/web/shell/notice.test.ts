/** Where an answer is missing, and where a view fails: the page stands, and other views go on. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("a view that fails says so in its place; the next one is whole", async (context) => {
  const { page } = await openConsole(context);
  await linesOf(page).first().waitFor();
  // An answer that the schema would not let through, as from a server of another version.
  await page.route("**/api/v1/nodes", (route) => route.fulfill({ json: { items: [{ id: 7 }] } }));
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await page.getByText("This view failed").waitFor();
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("heading", { name: "Audit" }).waitFor();
  expect(await page.getByText("This view failed").count()).toBe(0);
});

test("room is kept for what is on its way, so that the statistics do not push the list", async (context) => {
  const { page } = await openConsole(context, { hash: "#/nowhere" });
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route("**/api/v1/statistics?*", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("link", { name: "To the attacks" }).click();
  await linesOf(page).first().waitFor();
  const before = await linesOf(page).first().boundingBox();
  answer();
  await page.locator(".statistics").waitFor();
  const after = await linesOf(page).first().boundingBox();
  expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(4);
});
