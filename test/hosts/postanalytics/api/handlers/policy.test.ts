/** The policy by the API: shown as a file, explained, and its mode set with a reason. */
import { expect, test } from "vitest";
import { parsePolicy } from "../../../../../hosts/policy/policy-text.ts";
import { startConsole } from "../../stage.ts";

test("is shown as the file that would do the same", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  const editor = await stage.as("editor");
  const entry = { list: "gray", source: "192.0.2.0/24", ttlSeconds: null, reason: "r" } as const;
  await editor.call("addIpEntry", { body: entry });
  const shown = await editor.call("policy", {});
  expect(shown).toMatchObject({ name: "merlon.yaml", generation: 2, mode: "block", source: "file" });
  expect(shown.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(parsePolicy(shown.yaml, "shown").ipLists?.map(({ list }) => list)).toEqual(["deny", "gray"]);
});

test("is explained for one request", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  const viewer = await stage.as("viewer");
  const said = await viewer.call("explainPolicy", { body: { host: "shop.example", path: "/admin/x?a=1" } });
  expect(said).toMatchObject({ mode: "monitoring", application: "back-office", exceptions: [] });
  expect(said.steps.at(-1)?.from).toBe("scope shop.example /admin/**");
});

test("takes a mode with a reason, which the log keeps", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  const editor = await stage.as("editor");
  const without = editor.call("setMode", { body: { mode: "off", reason: " " } });
  await expect(without).rejects.toMatchObject({ status: 400, field: "body.reason" });
  await editor.call("setMode", { body: { mode: "off", reason: "INC-1" } });
  const body = { host: "shop.example", path: "/" };
  expect((await editor.call("explainPolicy", { body })).mode).toBe("off");
  const { items } = await stage.console.parts.audit.list({ limit: 1 });
  expect(items[0]?.changes).toContainEqual({ field: "mode", before: "block", after: "off" });
});

test("tells names of nodes to those alone who see the whole site", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  const all = await (await stage.as("viewer")).call("policyState", {});
  const some = await (await stage.as("viewer", ["shop"])).call("policyState", {});
  expect(all.nodes.map(({ id }) => id)).toEqual(["local"]);
  expect([some.total, some.active, some.nodes]).toEqual([1, 1, []]);
});
