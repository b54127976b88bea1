/** Forms: what was wrong is said beside them, what was typed stays, and what was done is emptied. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { openStandIn } from "../stage.ts";
import { Refusal } from "../stand-in.ts";

afterAll(closeBrowser);

test("a refused form keeps what was typed; one that is done is empty", async (context) => {
  let isRefused = true;
  const { page } = await openStandIn(context, {
    hash: "#/nodes",
    prepare: ({ handlers }) => {
      const { addNodeToken } = handlers;
      handlers.addNodeToken = (asked) => {
        if (isRefused) return new Refusal(409, "there is a token for this node already; end it first");
        return addNodeToken?.(asked) ?? new Refusal(500, "");
      };
    },
  });
  const form = page.getByRole("region", { name: "tokens of nodes" });
  const field = form.getByRole("textbox", { name: "Node" });
  await field.fill("shop-node-3");
  await form.getByRole("button", { name: "Make a token" }).click();
  await form.locator(".problem").filter({ hasText: "end it first" }).waitFor();
  expect(await field.inputValue()).toBe("shop-node-3");
  isRefused = false;
  await form.getByRole("button", { name: "Make a token" }).click();
  await form.locator(".once").waitFor();
  await expect.poll(() => field.inputValue()).toBe("");
  expect(await form.locator(".problem").count()).toBe(0);
});
