/** Tokens of nodes: made, shown once, and ended. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("a token is shown once, then only that it is there, and is ended", async (context) => {
  const { page } = await openConsole(context, { hash: "#/nodes" });
  const card = page.getByRole("region", { name: "tokens of nodes" });
  await card.getByRole("textbox", { name: "Node" }).fill("shop-node-3");
  await card.getByRole("button", { name: "Make a token" }).click();
  const token = (await card.locator(".once code").textContent()) ?? "";
  expect(token.length).toBeGreaterThan(20);
  await card.getByRole("button", { name: "I have kept it" }).click();
  await card.locator("tbody tr").filter({ hasText: "shop-node-3" }).waitFor();
  await page.reload();
  await card.locator("tbody tr").filter({ hasText: "shop-node-3" }).waitFor();
  expect(await page.content()).not.toContain(token);
  await card.getByRole("button", { name: "End" }).click();
  await card.getByText("None. A node in this process needs none.").waitFor();
});
