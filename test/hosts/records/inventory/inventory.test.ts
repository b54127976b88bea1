/** What is learned from traffic through the real core: endpoints, names, types; and what is not: values, attacks. */
import { describe, expect, test } from "vitest";
import { endpointSchema, type Parameter } from "../../../../hosts/records/inventory/endpoint.ts";
import { ENDPOINTS_MAX, HOSTS_MAX } from "../../../../hosts/records/inventory/inventory.ts";
import { NAMES_AT_PLACE_MAX } from "../../../../hosts/records/inventory/path-tree.ts";
import { json, NOON, Traffic } from "./stage.ts";

const HOUR = 3_600_000;

function shown({ in: where, name, types, sensitive, optional }: Parameter): string {
  return [where, name.join("."), types.join("|"), sensitive.join("|"), optional ? "optional" : "always"].join(" ");
}

function paramsOf(traffic: Traffic): string[] {
  return traffic.lines().flatMap(({ shape }) => shape.params.map(shown));
}

describe("an endpoint", () => {
  test("has a template, a method, what answers there were and how clients say who they are", () => {
    const traffic = new Traffic();
    traffic.send({ target: "/articles/17?page=2", headers: ["Authorization", "Bearer abc"] });
    traffic.send({ target: "/articles/18?page=3", status: 404 });
    traffic.send({ target: "/articles/18", method: "DELETE", headers: ["X-Api-Key", "k"], status: 204 });
    const lines = traffic.lines();
    for (const line of lines) expect(endpointSchema.safeParse(line).error).toBeUndefined();
    expect(
      lines.map(({ method, host, path, calls, shape }) => [method, host, path, calls, shape.statuses, shape.auth]),
    ).toEqual([
      ["GET", "shop.example", "/articles/{id}", 2, ["2xx", "4xx"], ["none", "bearer"]],
      ["DELETE", "shop.example", "/articles/{id}", 1, ["2xx"], ["key"]],
    ]);
  });

  test("is nothing that only a scan asks for, nothing that held an attack, and no HEAD or OPTIONS", () => {
    const traffic = new Traffic();
    for (const status of [400, 404, 405, 410, 500, 503, 0]) traffic.send({ target: "/wp-login.php", status });
    traffic.send({ target: "/articles?file=../../../../../../etc/passwd" });
    traffic.send({ target: "/articles", method: "HEAD" });
    traffic.send({ target: "/articles", method: "OPTIONS" });
    expect(traffic.lines()).toEqual([]);
    // Where it was once there, its failures belong to it.
    traffic.send({ target: "/articles" });
    traffic.send({ target: "/articles", status: 503 });
    expect(traffic.lines().map(({ path, shape }) => [path, shape.statuses])).toEqual([["/articles", ["2xx", "5xx"]]]);
  });
});

describe("where answers are not shown", () => {
  test("an endpoint is what several clients ask for again, and a scan is none", () => {
    const traffic = new Traffic({}, {}, true);
    for (let i = 0; i < 5; i++) traffic.send({ target: "/wp-login.php", status: 0 });
    for (let i = 0; i < 3000; i++) traffic.send({ target: `/scan-${i}`, status: 0, client: "203.0.113.9" });
    expect(traffic.lines()).toEqual([]);
    for (const client of ["198.51.100.1", "198.51.100.1"]) traffic.send({ target: "/cart?q=1", status: 0, client });
    expect(traffic.lines()).toEqual([]);
    traffic.send({ target: "/cart?q=1", status: 0, client: "198.51.100.2" });
    expect(traffic.lines().map(({ path, calls, shape }) => [path, calls, shape.statuses])).toEqual([
      ["/cart", 1, ["unseen"]],
    ]);
    traffic.send({ target: "/cart", status: 0 });
    expect(paramsOf(traffic)).toEqual(["query q integer  optional"]);
  });
});

describe("parameters", () => {
  test("of queries, headers and bodies have types, and are optional once a request lacks them", () => {
    const traffic = new Traffic();
    const order = { id: "4b7f2c1e-9a53-4c1d-8a5e-0d7b6f3e2a11", items: [{ sku: "a-1", count: 2 }], gift: true };
    traffic.send({ target: "/orders?dry=true&x=1.5", ...json({ ...order, note: null }) });
    traffic.send({ target: "/orders?dry=false", ...json({ ...order, at: "2026-11-21T12:00:00Z" }) });
    expect(paramsOf(traffic)).toEqual([
      "query dry boolean  always",
      "query x number  optional",
      "body id uuid  always",
      "body items.[].sku string  always",
      "body items.[].count integer  always",
      "body gift boolean  always",
      "body note null  optional",
      "body at date-time  optional",
    ]);
  });

  test("of forms, and of bodies that cannot be read, which say nothing of what is missing", () => {
    const traffic = new Traffic();
    const form = { headers: ["content-type", "application/x-www-form-urlencoded"], body: "name=ada&tag=a&tag=b" };
    traffic.send({ target: "/people", ...form });
    traffic.send({ target: "/people", headers: ["content-type", "application/json"], body: "{" });
    traffic.send({ target: "/people", ...json({ a: "x".repeat(20_000) }) });
    traffic.send({ target: "/people", headers: [...form.headers, "content-encoding", "gzip"], body: "\u0001\u0002" });
    expect(paramsOf(traffic)).toEqual(["body name string  always", "body tag array  always"]);
    expect(traffic.lines()[0]?.shape.media).toEqual(["application/json", "application/x-www-form-urlencoded"]);
  });

  test("that are sensitive by the core's words, the policy's, their name or their value say so", () => {
    const traffic = new Traffic({}, { mask: ["insurance_no"] } as object);
    const body = { password: "pa55word!", card: "4111 1111 1111 1111", contact: "ada@shop.example", phone: "1" };
    traffic.send({ target: "/pay?access_token=abcdef123456", ...json({ ...body, user: { api_key: "k1", age: 3 } }) });
    const found = new Map(
      paramsOf(traffic)
        .map((line) => line.split(" "))
        .map(([, name = "", , kind = ""]) => [name, kind]),
    );
    expect(Object.fromEntries(found)).toEqual({
      access_token: "token",
      password: "password",
      card: "card",
      contact: "email",
      phone: "phone",
      "user.api_key": "key",
      "user.age": "",
    });
  });

  test("never hold a value, whatever is sent", () => {
    const canary = "cAnArY7f3e";
    const traffic = new Traffic();
    traffic.send({
      target: `/a/${canary}0123456789abcdef?q=${canary}&token=${canary}`,
      headers: ["Cookie", `sid=${canary}`, "Authorization", `Basic ${canary}`, "X-Thing", canary],
      body: JSON.stringify({ a: canary, b: [canary], c: { d: canary }, [`${canary}0123456789abcdef`]: 1 }),
    });
    traffic.send({ target: "/b", ...json({ a: canary, b: [canary, { c: canary }] }) });
    traffic.send({ target: "/c", headers: ["content-type", "application/x-www-form-urlencoded"], body: `a=${canary}` });
    expect(traffic.lines().length).toBe(3);
    expect(JSON.stringify(traffic.lines())).not.toContain(canary);
  });
});

describe("bounds", () => {
  test("so many requests a second are looked at, and each stands for those that were not", () => {
    const traffic = new Traffic({ perSecond: 10 });
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 100; i++) traffic.send({ target: "/hot" });
      traffic.nowMs += 1000;
    }
    expect(traffic.inventory.counters.sampled).toBe(100);
    const [line] = traffic.lines();
    expect(line?.calls).toBeGreaterThan(800);
    expect(line?.calls).toBeLessThanOrEqual(1000);
  });

  test("paths that nobody has named become one, at any place, and the rest of the interface stays", () => {
    const traffic = new Traffic();
    const names = Array.from(
      { length: NAMES_AT_PLACE_MAX + 20 },
      (_, i) => `n${String.fromCharCode(97 + (i % 26))}${"z".repeat(i)}`,
    );
    traffic.send({ target: "/api/orders/17/lines" });
    traffic.send({ target: "/health" });
    for (const name of names) traffic.send({ target: `/${name}` });
    for (const name of names) traffic.send({ target: `/users/${name}/posts` });
    const paths = new Set(traffic.lines().map(({ path }) => path));
    expect(paths).toContain("/api/orders/{id}/lines");
    expect(paths).toContain("/{name}");
    expect(paths).toContain("/users/{name}/posts");
    const alive = [...paths].filter((path) => path.includes("z"));
    // What was sent before the fold stays true; the store puts it below the wider path.
    const now = traffic.inventory;
    now.sent(traffic.lines());
    for (const name of names) traffic.send({ target: `/${name}` });
    expect(new Set(traffic.lines().map(({ path }) => path))).toEqual(new Set(["/{name}"]));
    expect(alive.length).toBeLessThanOrEqual(2 * NAMES_AT_PLACE_MAX);
  });

  test("random hosts, paths and names cost a bounded number of lines of bounded size, and are counted", () => {
    const traffic = new Traffic();
    for (let i = 0; i < 3 * ENDPOINTS_MAX; i++) {
      if (i % 10 === 0) traffic.send({ target: "/real" });
      const word = `w${i.toString(36).replace(/\d/g, "q")}`;
      traffic.send({ host: `h${i % (HOSTS_MAX * 2)}.example`, target: `/${word}/a/${word}?${word}=1&b=2` });
    }
    const keys = new Set(traffic.lines().map(({ host, path }) => `${host} ${path}`));
    expect(keys.size).toBeLessThanOrEqual(ENDPOINTS_MAX + 2_000);
    // What is really there is asked for again and again, and stays.
    const real = traffic.lines().filter(({ host, path }) => host === "shop.example" && path === "/real");
    expect(real.map(({ calls }) => calls)).toEqual([(3 * ENDPOINTS_MAX) / 10]);
    expect(traffic.inventory.counters.dropped).toBeGreaterThan(0);
    for (const line of traffic.lines()) expect(JSON.stringify(line).length).toBeLessThan(32 * 1024);
  });

  test("names of hosts that nothing answers to take no room", () => {
    const traffic = new Traffic();
    for (let i = 0; i < HOSTS_MAX * 3; i++) traffic.send({ host: `x${i}.example`, target: "/", status: 404 });
    expect(traffic.inventory.counters.dropped).toBe(0);
    for (let i = 0; i <= HOSTS_MAX; i++) traffic.send({ host: `y${i}.example`, target: "/" });
    expect(traffic.inventory.counters.dropped).toBe(1);
    // What was learned of the one that had to go is still sent.
    expect(new Set(traffic.lines().map(({ host }) => host)).size).toBe(HOSTS_MAX + 1);
  });

  test("braces in a path are the client's, and open no template", () => {
    const traffic = new Traffic();
    for (const target of ["/a/{name}", "/a/{rest}", "/a/b"]) traffic.send({ target });
    expect(traffic.lines().map(({ path }) => path)).toEqual(["/a/{id}", "/a/b"]);
  });
});

describe("lines", () => {
  test("go out when something is new, when counts have doubled, and after an hour", () => {
    const traffic = new Traffic();
    const due = (): number => traffic.inventory.due(100, false).length;
    traffic.send({ target: "/a" });
    const lines = traffic.inventory.due(100, false);
    expect(lines.length).toBe(1);
    traffic.inventory.sent(lines);
    expect(due()).toBe(0);
    for (let i = 0; i < 9; i++) traffic.send({ target: "/a" });
    expect(due()).toBe(1);
    traffic.inventory.sent(traffic.inventory.due(100, false));
    traffic.send({ target: "/a" });
    expect(due()).toBe(0);
    traffic.nowMs += HOUR;
    expect(due()).toBe(1);
    traffic.inventory.sent(traffic.inventory.due(100, false));
    traffic.send({ target: "/a?q=1" });
    expect(due()).toBe(1);
  });

  test("of a new day have a new id, know what was known, and the old day's is not lost", () => {
    const traffic = new Traffic();
    traffic.send({ target: "/a?q=1" });
    traffic.nowMs = NOON + 24 * HOUR;
    traffic.send({ target: "/a?q=1" });
    const lines = traffic.lines();
    expect(lines.map(({ calls, first }) => [calls, first])).toEqual([
      [1, NOON],
      [1, NOON + 24 * HOUR],
    ]);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(2);
    expect(lines[1]?.shape).toEqual(lines[0]?.shape);
  });
});
