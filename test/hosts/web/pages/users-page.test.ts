/** Users: added with a password that is shown once, changed, locked, and removed only by a second press. */
import { afterAll, expect, test } from "vitest";
import { isRole, readTenants } from "../../../../hosts/web/pages/users-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { openConsole } from "../stage.ts";

afterAll(closeBrowser);

test("applications and roles are read as people write them", () => {
  expect(readTenants(" shop, blog ,,")).toEqual(["shop", "blog"]);
  expect(readTenants("  ")).toBeNull();
  expect([isRole("editor"), isRole("root")]).toEqual([true, false]);
});

test("a user is added, changed, locked and removed", async (context) => {
  const { page } = await openConsole(context, { hash: "#/users" });
  const form = page.getByRole("form", { name: "add a user" });
  await form.getByLabel("Name").fill("grace");
  await form.getByLabel("Role").selectOption("analyst");
  await form.getByLabel("Applications").fill("shop");
  await form.getByRole("button", { name: "Add" }).click();
  await page.getByText("Password of grace").waitFor();
  const row = page.locator("tbody tr").filter({ hasText: "grace" });
  expect(await row.textContent()).toContain("shop");
  await row.getByRole("combobox").selectOption("editor");
  await expect.poll(() => row.getByRole("combobox").inputValue()).toBe("editor");
  await row.getByRole("button", { name: "Lock" }).click();
  await row.locator(".badge").filter({ hasText: "locked" }).waitFor();
  await row.getByRole("button", { name: "Remove" }).click();
  await row.getByRole("button", { name: "Really remove" }).click();
  await expect.poll(() => row.count()).toBe(0);
});

test("nobody locks or removes themselves, and a wrong name is told", async (context) => {
  const { page } = await openConsole(context, { hash: "#/users" });
  const row = page.locator("tbody tr").filter({ hasText: "admin" }).first();
  await row.waitFor();
  for (const name of ["Lock", "Remove"]) expect(await row.getByRole("button", { name }).isDisabled()).toBe(true);
  const form = page.getByRole("form", { name: "add a user" });
  await form.getByLabel("Name").fill("no spaces please");
  await form.getByRole("button", { name: "Add" }).click();
  await form.locator(".problem").filter({ hasText: "is no name" }).waitFor();
});
