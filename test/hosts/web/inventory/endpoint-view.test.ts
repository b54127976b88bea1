/** One endpoint in a browser: its parameters by place and type, text of clients as text, and the ways on. */
import { afterAll, expect, test } from "vitest";
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import { nameText } from "../../../../hosts/web/inventory/endpoint-view.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { expectQuiet, openConsole } from "../stage.ts";

afterAll(closeBrowser);

const EVIL = '<img src=x onerror="window.called++">';

test.each([
  [["items", "[]", "sku"], "items[].sku"],
  [["[]", "a"], "[].a"],
  [["a"], "a"],
  [["a", "b"], "a.b"],
])("%j is %s", (name, text) => expect(nameText(name)).toBe(text));

test("parameters are shown, and the host's rollout is one click away", { timeout: 120_000 }, async (context) => {
  const stage = await openConsole(context, { hash: "#/inventory", records: [] });
  const { page, site } = stage;
  const now = Date.now();
  await site.store.appendEndpoints([
    {
      ...{
        v: 1,
        id: createUlidSource()(),
        node: "n",
        app: null,
        host: "shop.example",
        method: "POST",
        path: "/orders",
      },
      ...{ first: now - 5000, last: now - 1000, calls: 7 },
      shape: {
        ...{ statuses: ["2xx"], auth: ["none", "bearer"], media: ["application/json"], more: true },
        params: [
          { in: "body", name: ["items", "[]", "sku"], types: ["string"], sensitive: [], optional: true },
          { in: "query", name: [EVIL], types: ["integer", "null"], sensitive: ["card"], optional: false },
        ],
      },
    },
  ]);
  await site.store.settled();
  await page.reload();
  await page.getByRole("link", { name: "/orders" }).click();
  await page.getByRole("heading", { name: "POST /orders" }).waitFor();
  const rows = await page.locator("tbody tr").allTextContents();
  expect(rows).toEqual(["items[].skubodystring–sometimes", `${EVIL}queryinteger or nullcardalways`]);
  expect(await page.locator("main").textContent()).toContain("Signs in with none, bearer");
  await page.getByRole("link", { name: "Is shop.example ready to block?" }).click();
  await page.getByRole("region", { name: "verdict" }).waitFor();
  expect(page.url()).toContain("host=shop.example");
  await expectQuiet(stage);
});

test("an endpoint that is no longer there is said to be", { timeout: 120_000 }, async (context) => {
  const { page } = await openConsole(context, { hash: "#/inventory/none", records: [] });
  await page.getByRole("alert").filter({ hasText: "there is no such endpoint" }).waitFor();
});
