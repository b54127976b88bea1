/** Listed sources by the API: added, weighed, removed, and never so that one locks oneself out. */
import { describe, expect, test } from "vitest";
import { sampleRecord } from "../../../records/sample.ts";
import { startConsole } from "../../stage.ts";

const TIMEOUT = { timeout: 60_000 };
const ENTRY = { list: "deny", source: "203.0.113.0/24", ttlSeconds: 3600, reason: "INC-1" } as const;

describe("a source", TIMEOUT, () => {
  test("is listed until its end, in its one form, and taken off", async () => {
    const stage = await startConsole();
    const editor = await stage.as("editor");
    const before = Date.now();
    await editor.call("addIpEntry", { body: { ...ENTRY, source: " 2001:DB8:0::/48 " } });
    const { items } = await editor.call("ipLists", {});
    expect(items.map(({ source, managedBy }) => [source, managedBy])).toEqual([
      ["2001:db8::/48", "console"],
      ["198.51.100.0/24", "file"],
    ]);
    expect(items[0]?.expiresAt).toBeGreaterThan(before + 3_590_000);
    expect(items[0]).toMatchObject({ expired: false, reason: "INC-1" });
    await editor.call("removeIpEntry", { query: { list: "deny", source: "2001:db8::/48" } });
    expect((await editor.call("ipLists", {})).items).toHaveLength(1);
    const removing = editor.call("removeIpEntry", { query: { list: "deny", source: "198.51.100.0/24" } });
    await expect(removing).rejects.toMatchObject({ status: 404 });
    const { items: log } = await stage.console.parts.audit.list({ limit: 9 });
    expect(log.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      "removeIpEntry refused",
      "removeIpEntry done",
      "addIpEntry done",
    ]);
  });

  test("is weighed against stored records", async () => {
    const stage = await startConsole();
    const analyst = await stage.as("analyst");
    const from = (ip: string) => sampleRecord({ ts: new Date().toISOString(), client: { ip, list: "none" } });
    await stage.store.append([from("203.0.113.7"), from("203.0.113.7"), from("203.0.113.9"), from("192.0.2.1")]);
    const body = { list: "deny", source: ENTRY.source } as const;
    expect(await analyst.call("previewIpEntry", { body })).toEqual({
      records: 3,
      clients: 2,
      complete: true,
      lockOut: null,
    });
  });
});

describe("the guard", TIMEOUT, () => {
  test.for<[string, "allow" | "deny" | "gray", boolean]>([
    ["127.0.0.1", "deny", true],
    ["127.0.0.0/8", "gray", true],
    ["127.0.0.1", "allow", false],
    ["::1", "deny", true],
    ["0.0.0.0/0", "deny", true],
    ["16.0.0.0/4", "deny", false],
    ["8.0.0.0/5", "deny", false],
    ["128.0.0.0/2", "deny", true],
    ["2000::/3", "deny", true],
    ["203.0.113.0/24", "deny", false],
  ])("holds %s on %s: %j", async ([source, list, holds]) => {
    const stage = await startConsole();
    const editor = await stage.as("editor");
    const body = { list, source };
    const weighed = await editor.call("previewIpEntry", { body });
    expect(weighed.lockOut !== null).toBe(holds);
    const adding = editor.call("addIpEntry", { body: { ...ENTRY, ...body } });
    if (!holds) await adding;
    else {
      await expect(adding).rejects.toMatchObject({ status: 409, code: "LOCK_OUT" });
      await editor.call("addIpEntry", { body: { ...ENTRY, ...body, force: true } });
    }
  });

  test.for(["", "shop.example", "10.0.0.1/8", "10.0.0.0/33", "country:DE"])(
    "refuses what is no network: %j",
    async (source) => {
      const stage = await startConsole();
      const editor = await stage.as("editor");
      const adding = editor.call("addIpEntry", { body: { ...ENTRY, source } });
      await expect(adding).rejects.toMatchObject({ status: 400, field: "body.source" });
    },
  );
});
