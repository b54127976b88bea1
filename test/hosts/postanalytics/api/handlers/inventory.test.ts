/** The inventory by the API: whose endpoints are shown, which of them, and the document. */
import { describe, expect, test } from "vitest";
import { createUlidSource } from "../../../../../hosts/core/ulid.ts";
import type { Endpoint } from "../../../../../hosts/records/inventory/endpoint.ts";
import { sampleRecord } from "../../../records/sample.ts";
import { startConsole } from "../../stage.ts";

const DAY = 86_400_000;
const NOW = Date.now();
const TIMEOUT = { timeout: 60_000 };
const nextId = createUlidSource();

function line(path: string, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ v: 1, id: nextId(), node: "n", app: "shop", host: "shop.example", method: "GET", path },
    ...{ first: NOW - 50 * DAY, last: NOW - 1000, calls: 3 },
    shape: { statuses: ["2xx"], auth: ["bearer"], media: [], params: [], more: false },
    ...fields,
  };
}

async function site() {
  const stage = await startConsole();
  const token = { in: "query", name: ["token"], types: ["string"], sensitive: ["token"], optional: false } as const;
  const params = [{ ...token, name: [...token.name], types: [...token.types], sensitive: [...token.sensitive] }];
  await stage.store.appendEndpoints([
    line("/articles/{id}"),
    line("/fresh", { first: NOW - 1000 }),
    line("/forgotten", { last: NOW - 40 * DAY }),
    line("/sign-in", { method: "POST", shape: { ...line("/").shape, auth: ["none"], params } }),
    line("/users/ada", { app: "crm", host: "crm.example" }),
    line("/users/{name}", { app: "crm", host: "crm.example" }),
  ]);
  await stage.store.append([sampleRecord({ ts: new Date(NOW - 1000).toISOString() })]);
  return stage;
}

describe("endpoints", TIMEOUT, () => {
  test("are listed, filtered, counted and cut into pages", async () => {
    const viewer = await (await site()).as("viewer");
    const all = await viewer.call("endpoints", { query: {} });
    expect(all.items.map(({ host, method, path }) => `${method} ${host}${path}`)).toEqual([
      "GET crm.example/users/{name}",
      "GET shop.example/articles/{id}",
      "GET shop.example/forgotten",
      "GET shop.example/fresh",
      "POST shop.example/sign-in",
    ]);
    expect(all.counts).toEqual({ all: 5, new: 1, quiet: 1, attacked: 1, sensitive: 1, open: 1 });
    expect(all.hosts).toEqual([
      { host: "shop.example", endpoints: 4 },
      { host: "crm.example", endpoints: 1 },
    ]);
    const show = async (query: object): Promise<string[]> =>
      (await viewer.call("endpoints", { query })).items.map(({ path }) => path);
    expect(await show({ show: "new" })).toEqual(["/fresh"]);
    expect(await show({ show: "quiet" })).toEqual(["/forgotten"]);
    expect(await show({ show: "quiet", quietDays: 45 })).toEqual([]);
    expect(await show({ show: "attacked" })).toEqual(["/articles/{id}"]);
    expect(await show({ show: "sensitive" })).toEqual(["/sign-in"]);
    expect(await show({ show: "open" })).toEqual(["/sign-in"]);
    expect(await show({ find: "post sign" })).toEqual(["/sign-in"]);
    expect(await show({ host: "crm.example" })).toEqual(["/users/{name}"]);
    const first = await viewer.call("endpoints", { query: { limit: 2 } });
    expect([first.next, first.total]).toEqual(["2", 5]);
    expect(await show({ limit: 2, cursor: 4 })).toEqual(["/sign-in"]);
  });

  test("have a search that the store can read, and that finds their attacks", async () => {
    const stage = await site();
    const viewer = await stage.as("viewer");
    const { items } = await viewer.call("endpoints", { query: {} });
    for (const { where } of items) {
      expect(await viewer.call("checkSearch", { query: { where } })).toMatchObject({ valid: true, problem: null });
    }
    expect(items.find(({ path }) => path.includes("{name}"))?.where).toContain('path.matches("^/users/.*$")');
    const id = items.find(({ path }) => path === "/articles/{id}")?.id ?? "";
    expect(await viewer.call("endpoint", { path: { id }, query: {} })).toMatchObject({
      attacks: 1,
      shape: { params: [] },
    });
    await expect(viewer.call("endpoint", { path: { id: "none" }, query: {} })).rejects.toMatchObject({ status: 404 });
  });

  test("of other applications are not there", async () => {
    const stage = await site();
    const shop = await stage.as("viewer", ["shop"]);
    const { items, hosts } = await shop.call("endpoints", { query: {} });
    expect([items.length, hosts.length]).toEqual([4, 1]);
    const all = await (await stage.as("viewer")).call("endpoints", { query: {} });
    const foreign = all.items.find(({ app }) => app === "crm")?.id ?? "";
    await expect(shop.call("endpoint", { path: { id: foreign }, query: {} })).rejects.toMatchObject({ status: 404 });
    await expect(shop.open("exportInventory", { host: "crm.example" })).rejects.toMatchObject({ status: 404 });
    expect((await (await shop.open("exportInventory")).json()).servers).toEqual([{ url: "https://shop.example" }]);
  });
});

test("the document is of one host, and says so where there are several", TIMEOUT, async () => {
  const viewer = await (await site()).as("viewer");
  await expect(viewer.open("exportInventory")).rejects.toMatchObject({ status: 400, field: "query.host" });
  const response = await viewer.open("exportInventory", { host: "shop.example" });
  expect(response.headers.get("content-disposition")).toBe('attachment; filename="openapi-shop.example.json"');
  const document = await response.json();
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toEqual(["/articles/{id}", "/forgotten", "/fresh", "/sign-in"]);
});
