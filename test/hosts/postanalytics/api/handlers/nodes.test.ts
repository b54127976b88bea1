/** Nodes and their tokens by the API. */
import { expect, test } from "vitest";
import { sampleRecord } from "../../../records/sample.ts";
import { startConsole } from "../../stage.ts";

test("a node's token is shown once, is the node's alone, and ends", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  const admin = await stage.as("admin");
  const { id, token } = await admin.call("addNodeToken", { body: { node: "shop-node-1", days: 30 } });
  expect(await stage.console.parts.nodeTokens.find(token)).toMatchObject({ name: "shop-node-1" });
  const { items } = await admin.call("nodeTokens", {});
  expect(items).toMatchObject([{ id, node: "shop-node-1" }]);
  expect(JSON.stringify([items, await stage.console.parts.audit.list({ limit: 9 })])).not.toContain(token.slice(-32));
  await admin.call("removeNodeToken", { path: { id } });
  expect(await stage.console.parts.nodeTokens.find(token)).toBe(null);
  await expect(admin.call("removeNodeToken", { path: { id } })).rejects.toMatchObject({ status: 404 });
  const wrong = admin.call("addNodeToken", { body: { node: "Not A Name" } });
  await expect(wrong).rejects.toMatchObject({ status: 400, field: "body.node" });
});

test("nodes are those whose records arrive", { timeout: 60_000 }, async () => {
  const stage = await startConsole();
  const viewer = await stage.as("viewer");
  await stage.store.append([sampleRecord()]);
  expect((await viewer.call("nodes", {})).items).toMatchObject([{ id: "node-1", kind: "sidecar", traffic: null }]);
});
