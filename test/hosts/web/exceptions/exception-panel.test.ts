/** J8: from the list to an exception in force in three clicks; wider and narrower; undone. Before a real core. */
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { actionOf } from "../real-site.ts";
import { expectQuiet, linesOf, openConsole, openStandIn } from "../stage.ts";
import { Refusal } from "../stand-in.ts";

afterAll(closeBrowser);

const ATTACK = "/articles/7?id=1%20UNION%20SELECT%20password%20FROM%20users";
const CLICKS_MAX = 3;

function recent(fields: Parameters<typeof sampleRecord>[0] = {}) {
  return sampleRecord({ ts: new Date(Date.now() - 60_000).toISOString(), ...fields });
}

async function countOf(page: Page, name: string): Promise<number> {
  return Number(await page.locator(`dialog [data-count="${name}"] dd`).textContent());
}

describe("a false positive", () => {
  test("is closed for good in three clicks, nothing else is, and it is taken back by one", async (context) => {
    const records = [recent(), recent(), recent({ hits: [sampleHit({ point_s: "query.other" })] })];
    const stage = await openConsole(context, { records });
    const { page, site } = stage;
    expect(actionOf(site, ATTACK)).toBe("block");
    await linesOf(page).filter({ hasText: "query.id" }).waitFor();
    const before = Number(await page.evaluate("window.clicks"));
    await linesOf(page).filter({ hasText: "query.id" }).click();
    await page.getByRole("button", { name: "False positive" }).click();
    await page.locator("dialog [data-count=released]").waitFor();
    expect([await countOf(page, "released"), await countOf(page, "still caught")]).toEqual([2, 1]);
    await page.getByRole("button", { name: "Apply" }).click();
    expect(Number(await page.evaluate("window.clicks")) - before).toBeLessThanOrEqual(CLICKS_MAX);
    const toast = page.locator(".toast").filter({ hasText: "active on 1/1 node" });
    await toast.waitFor();
    expect(actionOf(site, ATTACK)).toBe("pass");
    expect(actionOf(site, ATTACK.replace("id=", "other="))).toBe("block");
    expect(actionOf(site, ATTACK.replace("/articles", "/other"))).toBe("block");
    await page.locator(".line.open .label-false_positive, .open-record .label-false_positive").first().waitFor();
    await toast.getByRole("button", { name: "undo" }).click();
    await page.locator(".toast").filter({ hasText: "taken back: active on 1/1 node" }).waitFor();
    expect(actionOf(site, ATTACK)).toBe("block");
    await expectQuiet(stage);
  });

  test("is closed by keys alone", async (context) => {
    const { page, site } = await openConsole(context, { records: [recent()] });
    await linesOf(page).first().waitFor();
    await page.keyboard.press("j");
    await page.getByRole("button", { name: "False positive" }).waitFor();
    await page.keyboard.press("f");
    const apply = page.getByRole("button", { name: "Apply" });
    await expect.poll(() => apply.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    await page.locator(".toast").filter({ hasText: "active on 1/1 node" }).waitFor();
    expect(actionOf(site, ATTACK)).toBe("pass");
  });
});

describe("the scope", () => {
  test("is made wider and narrower, with counts and the known attacks that it would let in", async (context) => {
    const other = sampleHit({ point_s: "query.other", point: ["query", "other"] });
    const records = [recent(), recent({ hits: [other] }), recent({ hits: [sampleHit({ stamps: ["sqli-stacked"] })] })];
    const { page } = await openConsole(context, { records, hash: "#/attacks?group=none" });
    await linesOf(page).filter({ hasText: "query.id" }).last().click();
    await page.getByRole("button", { name: "False positive" }).waitFor();
    await page.keyboard.press("f");
    await expect.poll(() => countOf(page, "released")).toBe(1);
    expect(await page.locator("dialog .admitted").textContent()).toContain("1 of 3 known attacks would get in");
    await page.getByRole("button", { name: "wider point" }).click();
    await expect.poll(() => countOf(page, "released")).toBe(2);
    await page.getByRole("button", { name: "wider stamps" }).click();
    await expect.poll(() => countOf(page, "released")).toBe(3);
    await page.getByRole("button", { name: "narrower point" }).click();
    await expect.poll(() => countOf(page, "released")).toBe(2);
    expect(await page.locator("[data-side=stamps] code").textContent()).toBe("all of sqli");
    await page.getByRole("button", { name: "narrower path" }).click();
    await expect.poll(() => page.locator("[data-side=path] code").textContent()).toBe("/articles/7");
  });

  test("warns of records that an analyst called true attacks", async (context) => {
    const records = [recent(), recent()];
    const { page, site } = await openConsole(context, { records, hash: "#/attacks?group=none" });
    await site.store.label(records[0]?.id ?? "", { verdict: "true_attack", note: null });
    await site.store.settled();
    await linesOf(page).last().click();
    await page.getByRole("button", { name: "False positive" }).click();
    await page.locator("dialog .notice.bad").filter({ hasText: "called a true attack" }).waitFor();
  });
});

test("is handed on as YAML where the console may not change the policy, which is said", async (context) => {
  const { page } = await openStandIn(context, {
    prepare: (api) => {
      api.session = { ...api.session, policyWrite: { allowed: false, reason: "the policy is managed by Git" } };
    },
  });
  await linesOf(page).filter({ hasText: "SQL injection" }).click();
  await page.getByRole("button", { name: "False positive" }).waitFor();
  await page.keyboard.press("f");
  await page.locator("dialog .notice.warn").filter({ hasText: "the policy is managed by Git" }).waitFor();
  expect(await page.getByRole("button", { name: "Apply" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Copy as YAML" }).click();
  await page.getByRole("button", { name: "copied" }).waitFor();
  const yaml = String(await page.evaluate("navigator.clipboard.readText()"));
  expect(yaml).toContain("kind: WafException");
  expect(yaml).toContain('point: "query.id"');
});

test("a record without a finding that counts has nothing to except", async (context) => {
  const records = [recent({ hits: [sampleHit({ decision: "counted", severity: 2 })] })];
  const { page } = await openConsole(context, { records });
  await linesOf(page).first().click();
  await page.getByRole("button", { name: "False positive" }).waitFor();
  await page.keyboard.press("f");
  await page.getByText("There is nothing to except").waitFor();
});

test("a refusal is told in the panel, and what was chosen stays", async (context) => {
  const { page } = await openStandIn(context, {
    prepare: ({ handlers }) => {
      handlers.applyException = () => new Refusal(409, "the policy was changed meanwhile; look at it again");
    },
  });
  await linesOf(page).filter({ hasText: "SQL injection" }).click();
  await page.getByRole("button", { name: "False positive" }).waitFor();
  await page.keyboard.press("f");
  await page.getByRole("button", { name: "wider host" }).click();
  await page.getByRole("textbox", { name: "Reason" }).fill("");
  await page.locator("dialog .notice.warn").filter({ hasText: "Write a reason" }).waitFor();
  await page.getByRole("textbox", { name: "Reason" }).fill("tutorials");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.locator("dialog .problem").filter({ hasText: "changed meanwhile" }).waitFor();
  expect(await page.locator("[data-side=host] code").textContent()).toBe("any host");
  expect(await page.getByRole("button", { name: "Apply" }).isDisabled()).toBe(false);
});
