/** How far a change has got, in words, and what is said of nodes that do not follow. */
import { afterAll, expect, test } from "vitest";
import { stateText } from "../../../../hosts/web/exceptions/propagation.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

const STATE = { generation: 7, sha256: "", since: 0, active: 12, total: 12, tookMs: 812, nodes: [] };
const CHANGE = { name: "a", generation: 7, at: 0 };

test.each([
  [{}, "Exception: active on 12/12 nodes in 812 ms"],
  [{ tookMs: 1449 }, "Exception: active on 12/12 nodes in 1.4 s"],
  [{ active: 11, tookMs: null }, "Exception: active on 11/12 nodes …"],
  [{ generation: 6 }, "Exception: active on 12/12 nodes …"],
  [{ generation: 8 }, "Exception: in force, and changed again since"],
  [{ active: 1, total: 1, tookMs: 0 }, "Exception: active on 1/1 node in 0 ms"],
])("%j is %j", (state, text) => {
  expect(stateText("Exception", { ...STATE, ...state }, CHANGE)).toBe(text);
});

test("the message grows as nodes follow", async (context) => {
  let active = 1;
  const { page } = await openStandIn(context, {
    prepare: (api) => {
      api.handlers.policyState = () => ({
        ...{ generation: api.generation, sha256: "", since: 1, active, total: 3 },
        ...{ tookMs: active === 3 ? 900 : null, nodes: [] },
      });
    },
  });
  await linesOf(page).filter({ hasText: "SQL injection" }).click();
  await page.getByRole("button", { name: "False positive" }).waitFor();
  await page.keyboard.press("f");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.locator(".toast").filter({ hasText: "active on 1/3 nodes …" }).waitFor();
  active = 3;
  await page.locator(".toast.good").filter({ hasText: "active on 3/3 nodes in 900 ms" }).waitFor();
  expect(await page.locator(".toast").count()).toBe(1);
});
