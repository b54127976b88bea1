/** J7 in a browser: not yet, look, false positive, ready, block; in a real store and a real core. */
import { afterAll, expect, test } from "vitest";
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { verdictText } from "../../../../hosts/web/rollout/rollout-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { sampleRecord } from "../../records/sample.ts";
import { actionOf } from "../real-site.ts";
import { expectQuiet, openConsole } from "../stage.ts";

afterAll(closeBrowser);

const TIMEOUT = { timeout: 120_000 };
const DAY = 86_400_000;
const ATTACK = "/articles/7?id=1%20UNION%20SELECT%20password%20FROM%20users";

test.each([
  ["ready", 0, "Ready to block"],
  ["blocking", 2, "Blocking already"],
  ["too_little", 0, "Too little traffic"],
  ["not_yet", 1, "Not yet: 1 group to look at"],
  ["not_yet", 3, "Not yet: 3 groups to look at"],
  ["not_yet", 0, "Not yet"],
] as const)("%s with %i is %s", (verdict, toLookAt, text) => expect(verdictText({ verdict, toLookAt })).toBe(text));

/** People who were let pass, with a session, at one place. */
function people(): AttackRecord[] {
  return ["198.51.100.1", "198.51.100.2", "198.51.100.3"].map((ip) => {
    const { request } = sampleRecord();
    const headers: [string, string][] = [["cookie", "***"]];
    return sampleRecord({
      ...{ ts: new Date(Date.now() - 3_600_000).toISOString(), mode: "monitoring", action: "monitored" },
      ...{ client: { ip, list: "none" }, request: { ...request, headers }, response: { status: 200, seen: true } },
    });
  });
}

test(
  "from watching to blocking: the one false positive is found, excepted, and mode block is set",
  TIMEOUT,
  async (context) => {
    const stage = await openConsole(context, { records: people() });
    const { page, site, origin } = stage;
    const admin = site.console.parts;
    await admin.policy.apply({ kind: "mode", mode: "monitoring", reason: "we watch" }, "admin");
    const first = Date.now() - 9 * DAY;
    await site.store.appendEndpoints([
      {
        ...{ v: 1, id: createUlidSource()(), node: "n", app: "shop", host: "shop.example", method: "GET" },
        ...{ path: "/articles/{id}", first, last: Date.now() - 1000, calls: 40_000 },
        shape: { statuses: ["2xx"], auth: ["cookie"], media: [], params: [], more: false },
      },
    ]);
    await site.store.settled();
    await page.goto(`${origin}/#/rollout`);
    const verdict = page.getByRole("region", { name: "verdict" });
    await verdict.getByText("Not yet: 1 group to look at").waitFor();
    const row = page.locator("tbody tr").first();
    expect(await row.textContent()).toContain("looks like people at work");
    expect(await row.getByRole("link", { name: "Look" }).getAttribute("href")).toContain("#/record/");
    expect(actionOf(site, ATTACK)).toBe("pass");
    await row.getByRole("button", { name: "False positive" }).click();
    const panel = page.getByRole("dialog", { name: "False positive" });
    await panel
      .getByRole("button", { name: /Apply|Let it pass|exception/i })
      .last()
      .click();
    await verdict.getByText("Ready to block").waitFor();
    await page.locator("tbody tr").filter({ hasText: "let pass by an exception" }).waitFor();
    await verdict.getByRole("textbox", { name: "Reason" }).fill("nine days of watching");
    await verdict.getByRole("button", { name: "Set mode block" }).click();
    await verdict.getByText("Blocking already").waitFor();
    expect(actionOf(site, "/other?id=1%20UNION%20SELECT%20password%20FROM%20users")).toBe("block");
    await expectQuiet(stage);
  },
);

test("a part of the site is asked about, and its scope is to be copied", TIMEOUT, async (context) => {
  const { page, site } = await openConsole(context, { records: [] });
  await site.console.parts.policy.apply({ kind: "mode", mode: "monitoring", reason: "we watch" }, "admin");
  await page.goto(`${page.url().split("#")[0]}#/rollout`);
  const form = page.getByRole("form", { name: "scope" });
  await form.getByLabel("host").fill("shop.example");
  await form.getByLabel("path").fill("/checkout");
  await form.getByRole("button", { name: "Report" }).click();
  const verdict = page.getByRole("region", { name: "verdict" });
  await verdict.getByText("Too little traffic").waitFor();
  await verdict.getByText("no traffic of it is known").waitFor();
  await verdict.getByText("Block for this scope alone").click();
  expect(await verdict.locator("pre").textContent()).toContain("path: /checkout/**");
  await page.getByRole("heading", { name: "Nothing would have been blocked" }).waitFor();
});
