/** Tokens of programs: one that was made opens the API, and one that was ended does not. */
import { afterAll, expect, test } from "vitest";
import { createClient } from "../../../../hosts/postanalytics/api/client.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("a token is made with a role, used, and ended", async (context) => {
  const { page, origin } = await openConsole(context, { hash: "#/users" });
  const card = page.getByRole("region", { name: "tokens of programs" });
  await card.getByLabel("For").fill("nightly report");
  await card.getByLabel("Role").selectOption("viewer");
  await card.getByRole("button", { name: "Make a token" }).click();
  const token = (await card.locator(".once code").textContent()) ?? "";
  const client = createClient({ origin, token });
  expect((await client.call("session", {})).role).toBe("viewer");
  const row = card.locator("tbody tr").filter({ hasText: "nightly report" });
  expect(await row.textContent()).toContain("viewer");
  await row.getByRole("button", { name: "End" }).click();
  await expect.poll(() => row.count()).toBe(0);
  await expect(client.call("session", {})).rejects.toMatchObject({ status: 401 });
});
