/** What every answer tells the page as a whole: the session is over, the server is away, the server is back. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openStandIn } from "../stage.ts";
import { Refusal } from "../stand-in.ts";

afterAll(closeBrowser);

test("a session that is over leads to the sign-in page, which says so, and back to the view", async (context) => {
  const { page, api } = await openStandIn(context, { hash: "#/attacks?group=type" });
  await linesOf(page).first().waitFor();
  api.isSignedIn = false;
  await linesOf(page).first().click();
  await page.getByText("Your session is over: sign in again.").waitFor();
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password").fill("right");
  await page.getByRole("button", { name: "Sign in" }).click();
  await linesOf(page).first().waitFor();
  expect(page.url()).toContain("group=type");
});

test("a server that does not answer is told, and so is its return", async (context) => {
  const { page, origin, api } = await openStandIn(context);
  await linesOf(page).first().waitFor();
  await page.route(`${origin}/api/**`, (route) => route.abort());
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await page.locator(".offline").filter({ hasText: "does not answer" }).waitFor();
  await page.locator(".problem").filter({ hasText: "out of reach" }).first().waitFor();
  await page.unroute(`${origin}/api/**`);
  await page.locator(".offline").waitFor({ state: "detached" });
  expect(api.asked.at(-1)).toBe("session");
});

test("a refusal is shown in the server's words, with a way to try again", async (context) => {
  let isBroken = true;
  const { page } = await openStandIn(context, {
    hash: "#/nodes",
    prepare: ({ handlers }) => {
      const { nodes } = handlers;
      handlers.nodes = (asked) =>
        (isBroken ? new Refusal(503, "the store is busy; try again") : nodes?.(asked)) ?? new Refusal(500, "");
    },
  });
  const problem = page.locator(".problem").filter({ hasText: "the store is busy; try again" });
  await problem.waitFor();
  isBroken = false;
  await problem.getByRole("button", { name: "Try again" }).click();
  await page.getByText("shop-node-1").first().waitFor();
  expect(await problem.count()).toBe(0);
});
