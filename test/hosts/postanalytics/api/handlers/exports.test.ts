/** Exports by the API, with a book of exports that only notes; the real one has its own tests. */
import { expect, test } from "vitest";
import type { ExportState, Exports } from "../../../../../hosts/postanalytics/export/exports.ts";
import { startConsole } from "../../stage.ts";

test("are added without showing their secrets, tried and removed", { timeout: 60_000 }, async () => {
  const states = new Map<string, ExportState>();
  const exports: Exports = {
    list: async () => [...states.values()],
    add: async (id, sink, where) => {
      if (states.has(id)) return false;
      states.set(id, {
        id,
        kind: sink.kind,
        target: "a.example",
        where,
        delivered: 0,
        failed: 0,
        lagSeconds: 0,
        lastError: null,
      });
      return true;
    },
    test: async (id) => (states.has(id) ? "no answer" : undefined),
    remove: async (id) => {
      const state = states.get(id) ?? null;
      states.delete(id);
      return state;
    },
  };
  const stage = await startConsole({ exports: async () => exports });
  const admin = await stage.as("admin");
  const sink = { kind: "webhook", url: "https://a.example/in", secret: "canary-secret-0123456789" } as const;
  await admin.call("addExport", { body: { name: "siem", sink } });
  const again = admin.call("addExport", { body: { name: "siem", sink } });
  await expect(again).rejects.toMatchObject({ status: 409, field: "body.name" });
  expect((await admin.call("exports", {})).items).toMatchObject([{ id: "siem", kind: "webhook" }]);
  expect(await admin.call("testExport", { path: { id: "siem" } })).toEqual({ delivered: false, problem: "no answer" });
  await admin.call("removeExport", { path: { id: "siem" } });
  await expect(admin.call("removeExport", { path: { id: "siem" } })).rejects.toMatchObject({ status: 404 });
  await expect(admin.call("testExport", { path: { id: "siem" } })).rejects.toMatchObject({ status: 404 });
  const log = JSON.stringify(await stage.console.parts.audit.list({ limit: 20 }));
  expect(log).not.toContain("canary-secret");
  expect(log).toContain("(hidden)");
});
