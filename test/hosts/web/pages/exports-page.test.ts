/** Exports: each kind with its fields, how far behind it is, and a test of each. */
import { afterAll, expect, test } from "vitest";
import { addExportSchema, sinkSchema } from "../../../../hosts/postanalytics/api/schema.ts";
import { sinkOf } from "../../../../hosts/web/pages/exports-page.tsx";
import { closeBrowser } from "../../../tools/browser.ts";
import { openStandIn } from "../stage.ts";

afterAll(closeBrowser);

const FIELDS: Readonly<Record<string, string>> = {
  ...{ url: " https://siem.example/in ", host: "syslog.example ", port: "6514", tls: "on" },
  ...{ secret: "sixteen-characters", bearer: "" },
};

test.each(["file", "syslog", "otlp", "webhook", "slack"] as const)("a %s is what the API takes", (kind) => {
  const sink = sinkOf(kind, (name) => FIELDS[name] ?? "");
  expect(sinkSchema.safeParse(sink).error).toBeUndefined();
  expect(JSON.stringify(sink)).not.toContain(" ");
});

test("an export is added with the fields of its kind", async (context) => {
  let added: unknown;
  const { page } = await openStandIn(context, {
    hash: "#/exports",
    prepare: ({ handlers }) => {
      handlers.addExport = ({ body }) => {
        added = addExportSchema.parse(body);
        return { done: true };
      };
    },
  });
  const form = page.getByRole("form", { name: "add an export" });
  await form.getByLabel("Kind").selectOption("syslog");
  await form.getByLabel("Name").fill("siem-2");
  await form.getByLabel("Host").fill("syslog.example");
  await form.getByLabel("Only records that fit").fill("blocked");
  await form.getByRole("button", { name: "Add" }).click();
  const sink = { kind: "syslog", host: "syslog.example", port: 6514, tls: true };
  await expect.poll(() => added).toEqual({ name: "siem-2", where: "blocked", sink });
});

test("what lags or fails is seen, and a test says whether it arrived", async (context) => {
  const { page } = await openStandIn(context, { hash: "#/exports" });
  const chat = page.locator("tbody tr").filter({ hasText: "chat" });
  expect(await chat.textContent()).toContain("the receiver answered 503");
  expect(await chat.locator(".warn").textContent()).toBe("13 min 32 s");
  await chat.getByRole("button", { name: "Test" }).click();
  await page.locator(".toast.bad").filter({ hasText: "chat: not delivered: the receiver answered 503" }).waitFor();
  await page.locator("tbody tr").filter({ hasText: "siem-1" }).getByRole("button", { name: "Test" }).click();
  await page.locator(".toast.good").filter({ hasText: "siem-1: the test arrived" }).waitFor();
});
