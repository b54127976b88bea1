/** The application beside the API: pages, probes, what belongs to nodes, and a store that is away. */
import { describe, expect, test } from "vitest";
import { operationNames } from "../../../../hosts/postanalytics/api/openapi.ts";
import { sampleRecord } from "../../records/sample.ts";
import { MemoryStore } from "../memory-store.ts";
import { startConsole } from "../stage.ts";

const TIMEOUT = { timeout: 60_000 };

test("pages are served by their names alone", TIMEOUT, async () => {
  const file = (type: string, text: string) => ({ type, content: new TextEncoder().encode(text) });
  const files = new Map([
    ["/index.html", file("text/html; charset=utf-8", "<p>hello")],
    ["/main.js", file("text/javascript", "1")],
  ]);
  const { origin } = await startConsole({ files });
  const index = await fetch(`${origin}/`);
  expect([index.status, await index.text(), index.headers.get("content-type")]).toEqual([
    200,
    "<p>hello",
    "text/html; charset=utf-8",
  ]);
  const head = await fetch(`${origin}/main.js`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await fetch(`${origin}/main.js`, { method: "POST" })).status).toBe(405);
  for (const path of ["/nothing", "/..%2fmain.js", "/%2e%2e/x", "/constructor"]) {
    expect((await fetch(`${origin}${path}`)).status).toBe(404);
  }
});

test("probes tell whether the store answers", TIMEOUT, async () => {
  const { origin, database } = await startConsole();
  expect((await fetch(`${origin}/livez`)).status).toBe(200);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  await database.close();
  expect((await fetch(`${origin}/livez`)).status).toBe(200);
  expect((await fetch(`${origin}/readyz`)).status).toBe(503);
});

test("the document of the API is there for anyone", TIMEOUT, async () => {
  const { origin } = await startConsole();
  const response = await fetch(`${origin}/api/openapi.json`);
  expect(JSON.stringify(await response.json())).toContain(`"operationId":"${operationNames()[0]}"`);
});

describe("what fails inside", TIMEOUT, () => {
  test("is one clear answer, and a line in the log without what was sent", async () => {
    class BrokenStore extends MemoryStore {
      override count(): Promise<number> {
        return Promise.reject(new Error("broken\nbadly"));
      }
    }
    const stage = await startConsole({ store: new BrokenStore() });
    const viewer = await stage.as("viewer");
    const asking = viewer.call("countRecords", { query: { where: "canary-1" } });
    await expect(asking).rejects.toMatchObject({ status: 500, code: "INTERNAL" });
    expect(stage.lines).toEqual(["countRecords failed: Error: broken badly"]);
  });

  test("an answer that is not what the schema says is no answer", async () => {
    class OddStore extends MemoryStore {
      override async count(): Promise<number> {
        return -1;
      }
    }
    const stage = await startConsole({ store: new OddStore() });
    await expect((await stage.as("viewer")).call("countRecords", { query: {} })).rejects.toMatchObject({ status: 500 });
  });
});

test("a record of a newer node keeps the fields that this version does not know", TIMEOUT, async () => {
  const stage = await startConsole();
  const record = { ...sampleRecord({ ts: new Date().toISOString() }), novelty: { a: 1 } };
  await stage.store.append([record]);
  const found = await (await stage.as("viewer")).call("record", { path: { id: record.id } });
  expect(found["novelty"]).toEqual({ a: 1 });
});
