/** Views with a name: shipped ones are valid, own ones are kept, and what a browser kept is not trusted. */
import { afterAll, expect, test } from "vitest";
import { readListState } from "../../../../hosts/web/attacks/attacks-page.tsx";
import { hrefOfView, isShown, SHIPPED_VIEWS, viewParams } from "../../../../hosts/web/attacks/saved-views.ts";
import { parseRoute } from "../../../../hosts/web/shell/route.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test.each(SHIPPED_VIEWS)("the view $name is what its address shows", (view) => {
  const { params } = parseRoute(hrefOfView(view));
  expect(isShown(view, params)).toBe(true);
  expect(viewParams(params)).toEqual(view.params);
  const { order, window } = readListState({ params });
  expect(view.params["order"] ?? order).toBe(order);
  expect(view.params["window"] ?? window).toBe(window);
});

test("a view is saved, is there again after a reload, and is forgotten", async (context) => {
  const { page } = await openConsole(context, { hash: "#/attacks?group=ip,type&line=x&open=" });
  await linesOf(page).first().waitFor();
  await page.getByRole("button", { name: "Save view" }).click();
  await page.getByRole("textbox", { name: "name of the view" }).fill("My clients");
  await page.keyboard.press("Enter");
  const link = page.getByRole("link", { name: "My clients" });
  expect(await link.getAttribute("aria-current")).toBe("true");
  await page.getByRole("link", { name: "All", exact: true }).click();
  await page.reload();
  await link.click();
  await expect.poll(() => page.url()).toMatch(/#\/attacks\?group=ip%2Ctype$/);
  await page.getByRole("button", { name: "forget the view My clients" }).click();
  await expect.poll(() => link.count()).toBe(0);
});

test.for([
  ["no JSON", "{"],
  ["no list", '{"a":1}'],
  ["no views", '[1, {"name": "x"}, {"name": 7, "params": {}}]'],
])("what the browser kept and is %s is left out", async ([, kept = ""], context) => {
  const { page, faults } = await openConsole(context);
  await linesOf(page).first().waitFor();
  await page.evaluate(`localStorage.setItem("merlon-views", ${JSON.stringify(kept)})`);
  await page.reload();
  await linesOf(page).first().waitFor();
  expect(await page.locator(".views a").allTextContents()).toEqual(SHIPPED_VIEWS.map(({ name }) => name));
  expect(faults).toEqual([]);
});
