/** What is muted stays in this browser, however it got there. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openConsole } from "../stage.ts";

afterAll(closeBrowser);

test.for(["{", '{"a":1}', "[7,null]"])("the list is whole where the browser kept %s", async (kept, context) => {
  const { page, faults } = await openConsole(context);
  await linesOf(page).first().waitFor();
  await page.evaluate(`localStorage.setItem("merlon-muted", ${JSON.stringify(kept)})`);
  await page.reload();
  await linesOf(page).first().waitFor();
  expect(await page.getByText("muted here").count()).toBe(0);
  expect(faults).toEqual([]);
});
