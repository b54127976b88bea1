/** The report by the API, over a real store: its scope, its searches, its mode, and whose records it reads. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SqlRecordStore } from "../../../../../hosts/postanalytics/store/record-store.ts";
import { openSqlite } from "../../../../../hosts/postanalytics/store/sqlite.ts";
import { sampleHit, sampleRecord } from "../../../records/sample.ts";
import { startConsole } from "../../stage.ts";
import { temporaryFolder } from "../../store/stage.ts";

const TIMEOUT = { timeout: 60_000 };

async function site() {
  const folder = temporaryFolder();
  const database = await openSqlite(join(folder, "records.sqlite"));
  const store = await SqlRecordStore.open(folder, database);
  onTestFinished(async () => {
    await store.close();
    await database.close();
  });
  const stage = await startConsole({ store });
  const watched = { mode: "monitoring", action: "monitored", ts: new Date().toISOString() } as const;
  const people = ["198.51.100.1", "198.51.100.2", "198.51.100.3"].map((ip) => {
    const { request } = sampleRecord();
    const headers: [string, string][] = [["cookie", "***"]];
    return sampleRecord({
      ...watched,
      client: { ip, list: "none" },
      request: { ...request, headers },
      response: { status: 200, seen: true },
      hits: [sampleHit()],
    });
  });
  await store.append([...people, sampleRecord({ ...watched, app: { name: "crm", id: 2 } })]);
  await store.settled();
  await (await stage.as("editor")).call("setMode", { body: { mode: "monitoring", reason: "we watch" } });
  return stage;
}

test("says what to look at, and each group's search finds its records", TIMEOUT, async () => {
  const viewer = await (await site()).as("viewer");
  const report = await viewer.call("readiness", { query: { app: "shop" } });
  expect(report).toMatchObject({ verdict: "not_yet", toLookAt: 1, wouldBlock: 3, clients: 3, complete: true });
  const [group] = report.groups;
  expect(group).toMatchObject({ standing: "suspect", requests: 3 });
  expect((await viewer.call("countRecords", { query: { where: group?.where ?? "" } })).count).toBe(3);
  expect(await viewer.call("record", { path: { id: group?.record ?? "" } })).toMatchObject({ app: { name: "shop" } });
  expect((await viewer.call("readiness", { query: {} })).wouldBlock).toBe(4);
});

test("is about one's own applications only, and shows no coverage then", TIMEOUT, async () => {
  const stage = await site();
  const crm = await stage.as("viewer", ["crm"]);
  expect(await crm.call("readiness", { query: {} })).toMatchObject({ wouldBlock: 1, coverage: null });
});

test("has the mode that counts, and a scope for the policy's file", TIMEOUT, async () => {
  const stage = await site();
  const viewer = await stage.as("viewer");
  const here = await viewer.call("readiness", { query: { host: "shop.example:8443", path: "/checkout" } });
  expect(here.patch).toContain("host: shop.example\n");
  expect(here.patch).toContain("path: /checkout/**");
  const editor = await stage.as("editor");
  await editor.call("setMode", { body: { mode: "block", reason: "go" } });
  expect(await viewer.call("readiness", { query: {} })).toMatchObject({ verdict: "blocking", mode: "block" });
  await editor.call("setMode", { body: { mode: "monitoring", reason: "back" } });
  expect((await viewer.call("readiness", { query: {} })).verdict).not.toBe("blocking");
  const wrong = viewer.call("readiness", { query: { path: "checkout" } });
  await expect(wrong).rejects.toMatchObject({ status: 400, field: "query.path" });
});
