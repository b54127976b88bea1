/** The inventory in both databases: each line counts once, in any order; old ones go; a rebuild brings all back. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createUlidSource } from "../../../../hosts/core/ulid.ts";
import type { KnownEndpoint } from "../../../../hosts/postanalytics/store/inventory-table.ts";
import { rebuildStore } from "../../../../hosts/postanalytics/store/rebuild.ts";
import { SqlRecordStore } from "../../../../hosts/postanalytics/store/record-store.ts";
import type { Endpoint } from "../../../../hosts/records/inventory/endpoint.ts";
import { sampleRecord } from "../../records/sample.ts";
import { openStore } from "./record-stage.ts";
import { DIALECTS, emptyDatabase, openDialect, temporaryFolder } from "./stage.ts";

const DAY = 86_400_000;
const NOW = Date.now();
const ALL = { from: 0, to: NOW + DAY };
const nextId = createUlidSource();

function line(fields: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ v: 1, id: nextId(), node: "node-1", app: "shop", host: "shop.example", method: "GET", path: "/articles/{id}" },
    ...{ first: NOW - DAY, last: NOW, calls: 10 },
    shape: {
      statuses: ["2xx"],
      auth: ["bearer"],
      media: [],
      params: [{ in: "query", name: ["q"], types: ["string"], sensitive: [], optional: false }],
      more: false,
    },
    ...fields,
  };
}

function shown({ app, method, path, first, last, calls, shape }: KnownEndpoint): unknown {
  return [app, method, path, first, last, calls, shape.params.map(({ name, optional }) => [...name, optional])];
}

describe.each(DIALECTS)("in %s", (dialect) => {
  test("lines of several nodes and days are one endpoint, whatever comes twice or late", async (context) => {
    const { store } = await openStore(context, dialect);
    const one = line();
    const more = line({
      first: NOW - 3 * DAY,
      last: NOW - 2 * DAY,
      calls: 5,
      node: "node-2",
      shape: { ...one.shape, params: [] },
    });
    const grown = { ...one, calls: 25, last: NOW + 5 };
    await store.appendEndpoints([one, more]);
    await store.appendEndpoints([grown]);
    await store.appendEndpoints([one, grown, more]);
    await store.appendEndpoints([line({ path: "/b", app: null, method: "POST", calls: 1 })]);
    await store.settled();
    expect((await store.endpoints(null, ALL)).map(shown)).toEqual([
      ["shop", "GET", "/articles/{id}", NOW - 3 * DAY, NOW + 5, 30, [["q", true]]],
      [null, "POST", "/b", NOW - DAY, NOW, 1, [["q", false]]],
    ]);
    expect((await store.endpoints(["shop"], { from: NOW - DAY, to: NOW + DAY })).map(({ calls }) => calls)).toEqual([
      25,
    ]);
    expect(await store.endpoints(["other"], ALL)).toEqual([]);
    expect(await store.endpoints([], ALL)).toEqual([]);
  });

  test("attacked places are counted with what sampling left out, and only one's own", async (context) => {
    const { store } = await openStore(context, dialect);
    const ts = new Date(NOW).toISOString();
    const sampled = { kept: true, group: "g", count_since_last: 4 };
    await store.append([
      sampleRecord({ ts }),
      sampleRecord({ ts, sampled }),
      sampleRecord({ ts, app: { name: null, id: 0 } }),
    ]);
    await store.settled();
    const place = { host: "shop.example", method: "GET", path: "/articles/{id}" };
    expect(await store.attackedPlaces(null, ALL)).toEqual([
      { app: "shop", ...place, records: 5 },
      { app: null, ...place, records: 1 },
    ]);
    expect(await store.attackedPlaces(["shop"], ALL)).toEqual([{ app: "shop", ...place, records: 5 }]);
    expect(await store.attackedPlaces(null, { from: 0, to: NOW })).toEqual([]);
  });

  test("what was last seen too long ago goes, and the log keeps what is needed for a rebuild", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    const folder = join(temporaryFolder(), "a");
    const options = { retention: { ageMs: 10 * DAY, bytesMax: null }, segmentBytesMax: 2_000 };
    const store = await SqlRecordStore.open(folder, database, options);
    await store.appendEndpoints([line({ path: "/old", first: NOW - 20 * DAY, last: NOW - 15 * DAY })]);
    // Segments without any record in them.
    for (let at = 0; at < 20; at++) await store.appendEndpoints([line({ path: `/new/${at}x` })]);
    await store.settled();
    await store.prune();
    const before = await store.endpoints(null, ALL);
    expect(before.map(({ path }) => path)).not.toContain("/old");
    expect(before.length).toBe(20);
    await store.close();
    await database.query("delete from api_endpoints");
    await database.query("delete from api_counts");
    await rebuildStore(join(folder, "log"), database, () => {});
    const again = await SqlRecordStore.open(folder, database, options);
    const paths = (await again.endpoints(null, ALL)).map(shown);
    await again.close();
    for (const one of before.map(shown)) expect(paths).toContainEqual(one);
  });

  test("one line that is no endpoint any more keeps no other away", async (context) => {
    const { store } = await openStore(context, dialect);
    await store.log.segments.append([Buffer.from(`E${nextId()}{"v":99}`)]);
    await store.appendEndpoints([line()]);
    await store.append([sampleRecord()]);
    await store.settled();
    expect((await store.endpoints(null, ALL)).length).toBe(1);
  });
});
