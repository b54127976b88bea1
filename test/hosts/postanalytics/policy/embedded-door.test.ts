/**
 * The door to a host in this process: what a change does to a real core, what a restart keeps, what a failure leaves.
 */
import { describe, expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { applyPolicy } from "../../../../hosts/policy/apply.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import type { Policy } from "../../../../hosts/policy/schema.ts";
import type { Change } from "../../../../hosts/postanalytics/policy/door.ts";
import { EmbeddedDoor, type PolicyHost } from "../../../../hosts/postanalytics/policy/embedded-door.ts";
import type { Database } from "../../../../hosts/postanalytics/store/database.ts";
import { consoleDatabase } from "../access/stage.ts";
import { POLICY_TEXT } from "../stage.ts";

const TIMEOUT = { timeout: 60_000 };
const BASE = { name: "merlon.yaml", origin: "file", text: POLICY_TEXT, policy: parsePolicy(POLICY_TEXT, "t") } as const;
const EXCEPTION: Change = {
  kind: "exception",
  name: "mine",
  draft: {
    match: { host: "shop.example", path: "/search", point: "query.q" },
    ignore: { stamps: [], types: ["sqli"] },
    reason: "search for SQL",
    expiresAt: "2098-01-01",
  },
};

function hostOf(engine: Engine, refusal: string | null = null): PolicyHost {
  return { node: "local", refusal, load: (policy: Policy) => applyPolicy(engine, policy) };
}

function actionOf(engine: Engine, target: string, peer = "203.0.113.9"): string {
  const transaction = engine.begin(peer, Math.floor(Date.now() / 1000));
  transaction.raw(Buffer.from(`GET ${target} HTTP/1.1\r\nhost: shop.example\r\n\r\n`));
  transaction.end();
  const { action } = transaction.verdict();
  transaction.free();
  return action;
}

/** Lists are asked when a host hands in a head. */
function isDenied(engine: Engine, peer: string): boolean {
  const transaction = engine.begin(peer, Math.floor(Date.now() / 1000));
  transaction.head({ method: "GET", target: "/", authority: "shop.example", scheme: "http", rawHeaders: [] });
  const denied = transaction.settings()?.list === "deny";
  transaction.free();
  return denied;
}

const ATTACK = "q=1%20UNION%20SELECT%20password%20FROM%20users";

describe("a change", TIMEOUT, () => {
  test("acts on the next request, on nothing beside it, and is undone as quickly", async (context) => {
    const engine = Engine.load();
    const door = await EmbeddedDoor.open(hostOf(engine), BASE, await consoleDatabase(context, "sqlite"));
    expect(actionOf(engine, `/search?${ATTACK}`)).toBe("block");
    const { generation } = await door.apply(EXCEPTION, "ada");
    expect(generation).toBe(2);
    expect((await door.progress()).nodes).toMatchObject([{ id: "local", generation: 2, active: true }]);
    expect(actionOf(engine, `/search?${ATTACK}`)).toBe("pass");
    expect(actionOf(engine, `/search?x${ATTACK}`)).toBe("block");
    expect(actionOf(engine, `/other?${ATTACK}`)).toBe("block");
    await door.apply({ kind: "exception", name: "mine", draft: null }, "ada");
    expect(actionOf(engine, `/search?${ATTACK}`)).toBe("block");
  });

  test("of a list or the mode acts as well", async (context) => {
    const engine = Engine.load();
    const door = await EmbeddedDoor.open(hostOf(engine), BASE, await consoleDatabase(context, "sqlite"));
    const entry = { list: "deny", source: "203.0.113.0/24", expiresAt: null, reason: "" } as const;
    await door.apply({ kind: "source", list: "deny", source: entry.source, entry }, "ada");
    expect(isDenied(engine, "203.0.113.9")).toBe(true);
    expect(isDenied(engine, "192.0.2.1")).toBe(false);
    await door.apply({ kind: "mode", mode: "off", reason: "INC-1" }, "ada");
    expect(actionOf(engine, `/search?${ATTACK}`, "192.0.2.1")).toBe("pass");
  });

  test("outlives a restart, and a new file", async (context) => {
    const database = await consoleDatabase(context, "sqlite");
    const door = await EmbeddedDoor.open(hostOf(Engine.load()), BASE, database);
    await door.apply(EXCEPTION, "ada");
    const engine = Engine.load();
    const again = await EmbeddedDoor.open(hostOf(engine), BASE, database);
    expect(actionOf(engine, `/search?${ATTACK}`)).toBe("pass");
    const text = POLICY_TEXT.replace("mode: block", "mode: monitoring");
    again.rebase({ ...BASE, text, policy: parsePolicy(text, "t") });
    expect(again.current()).toMatchObject({ generation: 2, text, policy: { mode: "monitoring" } });
    expect(again.current().policy.exceptions?.map(({ name }) => name)).toEqual(["from-file", "mine"]);
  });
});

describe("what cannot be done changes nothing", TIMEOUT, () => {
  const wrong: Change = {
    ...EXCEPTION,
    draft: { ...EXCEPTION.draft, match: { path: "no path" } } as typeof EXCEPTION.draft,
  };

  test("a change that is wrong", async (context) => {
    const engine = Engine.load();
    const door = await EmbeddedDoor.open(hostOf(engine), BASE, await consoleDatabase(context, "sqlite"));
    const before = door.current();
    await expect(door.apply(wrong, "ada")).rejects.toThrow(/match.path/);
    expect(door.current()).toBe(before);
    await door.apply(EXCEPTION, "ada");
    expect(actionOf(engine, `/search?${ATTACK}`)).toBe("pass");
  });

  test("a change that cannot be kept", async (context) => {
    const engine = Engine.load();
    const real = await consoleDatabase(context, "sqlite");
    let isDown = false;
    const database: Database = {
      dialect: real.dialect,
      query: (sql, values) => real.query(sql, values),
      transaction: (work) => (isDown ? Promise.reject(new Error("down")) : real.transaction(work)),
      close: () => real.close(),
    };
    const door = await EmbeddedDoor.open(hostOf(engine), BASE, database);
    isDown = true;
    await expect(door.apply(EXCEPTION, "ada")).rejects.toThrow("down");
    expect(actionOf(engine, `/search?${ATTACK}`)).toBe("block");
    expect(door.current().overlay.exceptions.size).toBe(0);
  });

  test("a host that takes none, and says why", async (context) => {
    const host = hostOf(Engine.load(), "the policy is managed in Git");
    const door = await EmbeddedDoor.open(host, BASE, await consoleDatabase(context, "sqlite"));
    expect(door.write).toEqual({ allowed: false, reason: "the policy is managed in Git" });
    await expect(door.apply(EXCEPTION, "ada")).rejects.toThrow("managed in Git");
  });
});

test("changes at the same time are made one after the other", TIMEOUT, async (context) => {
  const door = await EmbeddedDoor.open(hostOf(Engine.load()), BASE, await consoleDatabase(context, "sqlite"));
  const names = Array.from({ length: 10 }, (_, at) => `e${at}`);
  await Promise.all(names.map((name) => door.apply({ ...EXCEPTION, name }, "ada")));
  expect([...door.current().overlay.exceptions.keys()]).toEqual(names);
  expect(door.current().generation).toBe(11);
});
