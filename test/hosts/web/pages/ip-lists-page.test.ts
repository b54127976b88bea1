/** IP lists: a source is denied and taken off again before a real core; one's own address needs a second word. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("a source is listed for a time with a reason, and taken off by undo", async (context) => {
  const { page } = await openConsole(context, { hash: "#/ip-lists?add=203.0.113.7&reason=INC-124" });
  const form = page.getByRole("form", { name: "add a source" });
  await form.getByText(/In the last day it had \d+ records from 1 client/).waitFor();
  await form.getByRole("button", { name: "Add" }).click();
  const row = page.locator("tbody tr").filter({ hasText: "203.0.113.7" });
  await row.waitFor();
  expect(await row.textContent()).toMatch(/deny203\.0\.113\.7INC-124in [34] /);
  await page.locator(".toast").filter({ hasText: "active on 1/1 node" }).getByRole("button", { name: "undo" }).click();
  await expect.poll(() => row.count()).toBe(0);
});

test("what is no address is told by its field; what a file lists is taken out there", async (context) => {
  const { page } = await openConsole(context, { hash: "#/ip-lists" });
  const form = page.getByRole("form", { name: "add a source" });
  await form.getByLabel("Address or network").fill("203.0.113.999");
  await form.locator(".problem").waitFor();
  expect(await form.locator(".problem").textContent()).toContain("write an address or a network");
  const row = page.locator("tbody tr").filter({ hasText: "from the file" });
  expect(await row.getByRole("button", { name: "Remove" }).isDisabled()).toBe(true);
});

test("whoever would lock themselves out is asked to say that they know", async (context) => {
  const { page } = await openConsole(context, { hash: "#/ip-lists" });
  const form = page.getByRole("form", { name: "add a source" });
  await form.getByLabel("Address or network").fill("127.0.0.1");
  await form.getByLabel("Reason").fill("a try");
  await form.locator(".notice.bad").waitFor();
  await form.getByRole("button", { name: "Add" }).click();
  expect(await page.locator("tbody tr").filter({ hasText: "127.0.0.1" }).count()).toBe(0);
  await form.getByRole("checkbox", { name: "I know, list it all the same" }).check();
  await form.getByRole("combobox", { name: "List" }).selectOption("gray");
  await form.getByRole("button", { name: "Add" }).click();
  await page.locator("tbody tr").filter({ hasText: "127.0.0.1" }).waitFor();
});
