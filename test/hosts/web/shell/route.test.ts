/** Addresses of views: what is written is read again, and what nobody wrote leads home. */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { hrefOf, parseRoute } from "../../../../hosts/web/shell/route.ts";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test.each([
  ["", "attacks", "", ""],
  ["#/", "attacks", "", ""],
  ["#/nodes", "nodes", "", ""],
  ["#/record/01AB?x=1", "record", "01AB", "x=1"],
  ["#/record/%zz", "record", "", ""],
  ["#attacks", "attacks", "", ""],
  ["#/attacks?where=a%3Db", "attacks", "", "where=a%3Db"],
])("%j is page %s, %j with %j", (hash, page, id, params) => {
  const route = parseRoute(hash);
  expect([route.page, route.id, route.params.toString()]).toEqual([page, id, params]);
});

test("an address says what was put into it, whatever that is", () => {
  const text = fc.string({ maxLength: 40, unit: "grapheme" }).filter((one) => one.isWellFormed());
  fc.assert(
    fc.property(text, text, (id, value) => {
      const { page, id: read, params } = parseRoute(hrefOf("record", id, { where: value }));
      expect([page, read, params.get("where") ?? ""]).toEqual(["record", id, value]);
    }),
  );
});

test("the way back leads through the views, and a view opens from its address alone", async (context) => {
  const where = encodeURIComponent('type == "ptrav"');
  const { page } = await openConsole(context, { hash: `#/attacks?where=${where}&group=type` });
  await linesOf(page).first().waitFor();
  expect(await linesOf(page).count()).toBe(1);
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await page.getByRole("heading", { name: "Nodes" }).waitFor();
  await page.goBack();
  await expect.poll(() => page.locator(".chip").textContent()).toContain("ptrav");
});
