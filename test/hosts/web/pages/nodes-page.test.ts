/** Nodes: their traffic, those that only send records, and those that have gone silent. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

test("the node of this process tells of its traffic", async (context) => {
  const { page } = await openConsole(context, { hash: "#/nodes" });
  const row = page.locator("tbody tr").filter({ hasText: "local" }).first();
  await row.waitFor();
  const text = (await row.textContent()) ?? "";
  for (const words of ["184,220", "99.8%", "61 µs", "412 µs", "oversize 201"]) expect(text).toContain(words);
});

test("a node that does not tell, and is silent, is shown as such", async (context) => {
  const { page } = await openStandIn(context, { hash: "#/nodes" });
  const row = page.locator("tbody tr").filter({ hasText: "edge-node-2" });
  await row.waitFor();
  expect(await row.textContent()).toContain("only its records are known");
  expect(await row.locator("td.warn").textContent()).toBe("1 h ago");
});

test("where nothing arrives, it says what to do", async (context) => {
  const { page } = await openStandIn(context, {
    hash: "#/nodes",
    prepare: ({ handlers }) => {
      handlers.nodes = () => ({ items: [] });
    },
  });
  await page.getByText("No node has sent anything").waitFor();
  expect(await page.locator(".empty").textContent()).toContain("merlon protect");
});
