/** Signing in: by password, by a link that works once, by an identity provider, and the first password of one's own. */
import { afterAll, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { linesOf, openStandIn } from "../stage.ts";
import { Refusal, type StandIn } from "../stand-in.ts";

afterAll(closeBrowser);

const signedOut = (api: StandIn): void => {
  api.isSignedIn = false;
};

test("a wrong password is told and can be mended", async (context) => {
  const { page } = await openStandIn(context, { prepare: signedOut });
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password").fill("guess");
  await page.keyboard.press("Enter");
  await page.locator(".problem").filter({ hasText: "name or password is wrong" }).waitFor();
  await page.getByLabel("Password").fill("right");
  await page.keyboard.press("Enter");
  await linesOf(page).first().waitFor();
});

test("a one-time link opens the console, and its key leaves the address", async (context) => {
  const { page, origin } = await openStandIn(context, { prepare: signedOut, hash: "#k=good" });
  await linesOf(page).first().waitFor();
  expect(page.url()).toBe(`${origin}/`);
});

test("a link that was used says so and leaves the other ways", async (context) => {
  const used = "this link was used already; take a new one";
  const { page } = await openStandIn(context, {
    hash: "#k=spent",
    prepare: (api) => {
      signedOut(api);
      api.handlers.openLink = () => new Refusal(401, used);
    },
  });
  await page.locator(".problem").filter({ hasText: used }).waitFor();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  expect(page.url()).not.toContain("spent");
});

test("an identity provider has its button, and no password is asked for where there are none", async (context) => {
  const { page } = await openStandIn(context, {
    prepare: (api) => {
      signedOut(api);
      api.handlers.loginMethods = () => ({ password: false, oidc: { label: "Sign in with Example" } });
    },
  });
  const button = page.getByRole("link", { name: "Sign in with Example" });
  expect(await button.getAttribute("href")).toBe("/api/v1/session/oidc");
  expect(await page.getByLabel("Password").count()).toBe(0);
});

test("a password that others have seen is changed first", async (context) => {
  let changed: unknown;
  const { page } = await openStandIn(context, {
    prepare: (api) => {
      api.session = { ...api.session, mustChangePassword: true };
      api.handlers.changePassword = ({ body }) => {
        changed = body;
        api.session = { ...api.session, mustChangePassword: false };
        return { done: true };
      };
    },
  });
  await page.getByLabel("Present password").fill("right");
  await page.getByLabel("New password").fill("four words are enough");
  await page.getByLabel("Again").fill("four words are not");
  await page.getByRole("button", { name: "Change it" }).click();
  await page.locator(".problem").filter({ hasText: "differ" }).waitFor();
  expect(changed).toBeUndefined();
  await page.getByLabel("Again").fill("four words are enough");
  await page.getByRole("button", { name: "Change it" }).click();
  await linesOf(page).first().waitFor();
  expect(changed).toEqual({ current: "right", next: "four words are enough" });
});
