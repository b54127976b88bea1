/** Exceptions in force: what they say, which are useless, and their end with a way back. */
import { afterAll, expect, test } from "vitest";
import { type ExceptionLine, uselessness } from "../../../../hosts/web/exceptions/exceptions-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole, openStandIn } from "../stage.ts";

afterAll(closeBrowser);

const NOW = Date.now();
const DAY = 86_400_000;
const LINE: ExceptionLine = {
  ...{ name: "cms-tutorials", ignoresAll: false, expired: false, hits: 3, lastHit: NOW - 3_600_000 },
  ...{ managedBy: "console", createdBy: "ada", createdAt: NOW - 20 * DAY, yaml: "kind: WafException\n" },
  draft: {
    match: { host: "shop.example", path: "/cms/*", point: "post.form_urlencoded.text" },
    ignore: { stamps: ["sqli-union"], types: [] },
    ...{ reason: "tutorials about SQL", expiresAt: new Date(NOW + 9.5 * DAY).toISOString() },
  },
};

test.each([
  [{}, null],
  [{ hits: 0 }, "it has let nothing pass for a week"],
  [{ hits: 0, createdAt: NOW - DAY }, null],
  [{ hits: 0, createdAt: null }, null],
  [{ expired: true }, "it has ended and lets nothing pass any more"],
])("with %j it is useless because: %s", (fields, why) => {
  expect(uselessness({ ...LINE, ...fields }, NOW)).toBe(why);
});

test("the list says scope, reason, hits, end, and what could go; one of a file is not removed", async (context) => {
  const { page } = await openStandIn(context, {
    hash: "#/exceptions",
    prepare: (api) => {
      const file = { ...LINE, name: "of-the-file", managedBy: "file", hits: 0 } as const;
      api.exceptions = [LINE, file, { ...LINE, name: "all-of-it", ignoresAll: true, expired: true }];
    },
  });
  const rows = page.locator("tbody tr");
  await rows.first().waitFor();
  const text = (await rows.first().textContent()) ?? "";
  for (const words of [
    "sqli-union",
    "shop.example",
    "/cms/*",
    "post.form_urlencoded.text",
    "tutorials about SQL",
    "1 h ago",
    "in 9 d",
  ]) {
    expect(text).toContain(words);
  }
  await page.getByText("2 exceptions have no use any more").waitFor();
  expect(await rows.nth(1).getByRole("button", { name: "Remove" }).isDisabled()).toBe(true);
  expect(await rows.nth(2).textContent()).toContain("everything");
});

test("one is removed, and comes back by undo", async (context) => {
  const { page } = await openConsole(context, { hash: "#/exceptions" });
  await page.getByText("No exceptions").waitFor();
  const draft = { ...LINE.draft, reason: "tutorials" };
  await page.evaluate(
    async (body) => {
      const headers = { "content-type": "application/json", "x-merlon-console": "1" };
      await fetch("/api/v1/exceptions", { method: "POST", headers, body: JSON.stringify(body) });
    },
    { draft },
  );
  await page.reload();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("No exceptions").waitFor();
  await page.locator(".toast").getByRole("button", { name: "undo" }).click();
  await page.locator("tbody tr").filter({ hasText: "tutorials" }).waitFor();
  expect(await page.locator("tbody tr").count()).toBe(1);
});
