/** The policy: its mode is changed in a real core with a reason, and explained for one request. */
import { afterAll, expect, test } from "vitest";
import { readAddress } from "../../../../hosts/web/pages/policy-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { actionOf } from "../real-site.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

const ATTACK = "/articles/7?id=1%20UNION%20SELECT%20password%20FROM%20users";

test.each([
  ["https://shop.example/a/b?c=1#d", { host: "shop.example", path: "/a/b" }],
  ["shop.example/admin", { host: "shop.example", path: "/admin" }],
  ["http://shop.example:8080", { host: "shop.example", path: "/" }],
  ["", null],
  ["https://", null],
  ["not an address", null],
])("%j is read as %j", (text, address) => expect(readAddress(text)).toEqual(address));

test("the mode is set with a reason, acts at once, and is taken back", async (context) => {
  const { page, site } = await openConsole(context, { hash: "#/policy" });
  const form = page.getByRole("form", { name: "mode" });
  expect(actionOf(site, ATTACK)).toBe("block");
  await form.getByRole("radio", { name: "monitoring" }).check();
  await form.getByRole("textbox", { name: "Reason" }).fill("INC-7");
  await form.getByRole("button", { name: "Set mode monitoring" }).click();
  const toast = page.locator(".toast").filter({ hasText: "Mode monitoring: active on 1/1 node" });
  await toast.waitFor();
  expect(actionOf(site, ATTACK)).toBe("pass");
  await toast.getByRole("button", { name: "undo" }).click();
  await page.locator(".toast").filter({ hasText: "taken back: active" }).waitFor();
  expect(actionOf(site, ATTACK)).toBe("block");
});

test("switching off is called what it is", async (context) => {
  const { page } = await openConsole(context, { hash: "#/policy" });
  await page.getByRole("radio", { name: "off" }).check();
  await page.getByText("Nothing will be inspected, recorded or stopped.").waitFor();
});

test("a request is explained from the widest to the closest", async (context) => {
  const { page } = await openConsole(context, { hash: "#/policy" });
  const explain = page.getByRole("region", { name: "explain" });
  await explain.getByLabel("Address").fill("https://shop.example/admin/users");
  await explain.getByRole("button", { name: "Explain" }).click();
  await explain.getByText("monitoring: attacks are recorded and let through").waitFor();
  expect(await explain.locator(".steps li").count()).toBeGreaterThan(0);
  expect(page.url()).toContain("host=shop.example");
  await explain.getByLabel("Address").fill("::");
  await explain.getByRole("button", { name: "Explain" }).click();
  await explain.locator(".problem").filter({ hasText: "this is no address" }).waitFor();
});
