/** A record on its own: by id, by reference, and what is said where there is none. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { recordsOfADay } from "../records.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

test.for(["id", "ref"] as const)("opens by its %s", async (by, context) => {
  const records = recordsOfADay(3, Date.now());
  const { page } = await openConsole(context, { records, hash: `#/record/${records[1]?.[by]}` });
  await page.getByRole("heading", { name: `Record ${records[1]?.ref}` }).waitFor();
});

test("that is not there says what may be the reason", async (context) => {
  const { page } = await openConsole(context, { hash: "#/record/01JD3Z8K6Q4TXXXX" });
  await page.getByText("No such record").waitFor();
  expect(await page.locator(".empty").textContent()).toContain("01JD3Z8K6Q4TXXXX");
});
