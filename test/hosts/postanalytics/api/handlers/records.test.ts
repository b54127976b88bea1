/** Records by the API: windows, tenants, labels, files, and the live stream. */
import { describe, expect, test } from "vitest";
import { readEvents } from "../../../../../hosts/postanalytics/api/event-stream.ts";
import { idOf } from "../../../../../hosts/postanalytics/api/handlers/records.ts";
import { sampleHit, sampleRecord } from "../../../records/sample.ts";
import { startConsole } from "../../stage.ts";

const TIMEOUT = { timeout: 60_000 };
const recent = (fields: Parameters<typeof sampleRecord>[0] = {}) =>
  sampleRecord({ ts: new Date().toISOString(), ...fields });

describe("records", TIMEOUT, () => {
  test("are listed in parts, found by reference in any writing, counted and grouped", async () => {
    const stage = await startConsole();
    const viewer = await stage.as("viewer");
    const records = [
      recent(),
      recent({ hits: [sampleHit({ type: "xss" })] }),
      recent({ client: { ip: "192.0.2.1", list: "none" } }),
    ];
    const old = recent({ ts: "2020-01-01T00:00:00.000Z" });
    await stage.store.append([...records, old]);
    const first = await viewer.call("records", { query: { limit: 2 } });
    const rest = await viewer.call("records", { query: { limit: 2, cursor: first.next ?? "" } });
    expect([...first.items, ...rest.items].map(({ id }) => id).reverse()).toEqual(records.map(({ id }) => id));
    const ref = records[0]?.ref ?? "";
    expect(await viewer.call("record", { path: { id: ref.toLowerCase() } })).toEqual(records[0]);
    expect(await viewer.call("countRecords", { query: { where: 'type == "xss"' } })).toEqual({ count: 1 });
    expect((await viewer.call("countRecords", { query: { from: 0 } })).count).toBe(4);
    const { items } = await viewer.call("attacks", { query: { groupBy: "type" } });
    expect(items.map(({ key, records: count }) => [key, count])).toEqual([
      [{ type: "sqli" }, 2],
      [{ type: "xss" }, 1],
    ]);
    const { totals, top } = await viewer.call("statistics", { query: { top: "type" } });
    expect([totals.records, top.type?.length]).toEqual([3, 2]);
    expect(await viewer.call("applications", {})).toEqual({ items: [{ name: "shop", records: 3 }] });
    expect(await viewer.call("checkSearch", { query: { where: "sqli" } })).toMatchObject({ valid: true });
  });

  test("of other applications are not there for who may not see them", async () => {
    const stage = await startConsole();
    const other = await stage.as("admin", ["blog"]);
    const own = recent({ app: { name: "blog", id: 1 } });
    const foreign = recent();
    const nameless = recent({ app: { name: null, id: 0 } });
    await stage.store.append([own, foreign, nameless]);
    expect((await other.call("records", { query: {} })).items.map(({ id }) => id)).toEqual([own.id]);
    expect((await other.call("attacks", { query: {} })).items).toHaveLength(1);
    expect((await other.call("statistics", { query: {} })).totals.records).toBe(1);
    for (const { id, ref } of [foreign, nameless]) {
      for (const written of [id, ref]) {
        await expect(other.call("record", { path: { id: written } })).rejects.toMatchObject({ status: 404 });
        await expect(
          other.call("labelRecord", { path: { id: written }, body: { verdict: "true_attack" } }),
        ).rejects.toMatchObject({ status: 404 });
        const proposing = other.call("proposeExceptions", { body: { record: written } });
        await expect(proposing).rejects.toMatchObject({ status: 404 });
      }
    }
    const file = await (await other.open("exportRecords", { format: "jsonl" })).text();
    expect(
      file
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual([own.id]);
  });

  test("are labelled, and the log says what was before", async () => {
    const stage = await startConsole();
    const analyst = await stage.as("analyst");
    const record = recent();
    await stage.store.append([record]);
    const path = { id: record.ref };
    await analyst.call("labelRecord", { path, body: { verdict: "true_attack", note: "seen before" } });
    await analyst.call("labelRecord", { path, body: { verdict: null } });
    expect((await analyst.call("record", { path })).labels).toEqual({ verdict: null, note: null });
    const { items } = await stage.console.parts.audit.list({ limit: 5 });
    expect(items[0]).toMatchObject({
      ...{ action: "labelRecord", object: record.ref, outcome: "done" },
      changes: [
        { field: "verdict", before: "true_attack", after: "null" },
        { field: "note", before: "seen before", after: "null" },
      ],
    });
  });

  test("leave as a file that names who took it", async () => {
    const stage = await startConsole();
    const analyst = await stage.as("analyst");
    await stage.store.append([recent(), recent({ hits: [sampleHit({ payload: "=1+1" })] })]);
    const response = await analyst.open("exportRecords", { format: "csv" });
    expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="merlon-records-[\d-]+\.csv"$/);
    const lines = (await response.text()).trimEnd().split("\r\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(`"'=1+1"`);
    expect((await stage.console.parts.audit.list({ limit: 5 })).items[0]).toMatchObject({ action: "exportRecords" });
    const cut = await (await analyst.open("exportRecords", { format: "jsonl", most: 1 })).text();
    expect(cut.trim().split("\n")[1]).toBe('{"note":"cut after 1 records"}');
    await expect(analyst.open("exportRecords", { where: "(((" })).rejects.toMatchObject({ status: 400 });
  });
});

describe("the live stream", TIMEOUT, () => {
  test("tells records as they arrive, of one's own applications, and ends with the console", async () => {
    const stage = await startConsole();
    const viewer = await stage.as("viewer", ["shop"]);
    const response = await viewer.open("live");
    if (response.body === null) throw new Error("no stream");
    const events = readEvents(response.body);
    expect((await events.next()).value).toMatchObject({ name: "summary" });
    const record = recent();
    await stage.store.append([recent({ app: { name: "blog", id: 1 } }), record]);
    let told = (await events.next()).value;
    while (told?.name !== "record") told = (await events.next()).value;
    expect(JSON.parse(told.data)).toMatchObject({ id: record.id, types: ["sqli"], app: "shop", count: 1 });
    stage.console.close();
    for await (const event of events) expect(event.name).toBe("summary");
    expect(stage.console.parts.live.size).toBe(0);
  });
});

test("ids are read as people write them", () => {
  expect(idOf("01jd3z8k6qoilabc")).toBe("01JD3Z8K6Q011ABC");
  for (const wrong of ["", "x", "01JD3Z8K6Q011AB", "../../users", "01JD3Z8K6Q011ABU"]) {
    expect(() => idOf(wrong)).toThrow(/no id of a record/);
  }
});
