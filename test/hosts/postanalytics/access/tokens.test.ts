/** Tokens on both databases: shown once, kept as a hash, of one kind, and expiring. */
import { describe, expect, test } from "vitest";
import { Tokens, type TokenTerms } from "../../../../hosts/postanalytics/access/tokens.ts";
import { DIALECTS } from "../store/stage.ts";
import { Clock, consoleDatabase } from "./stage.ts";

const TERMS: TokenTerms = { name: "ci", user: "ada", role: "analyst", tenants: ["shop"], lifeMs: 1000 };

describe.for(DIALECTS)("tokens on %s", { timeout: 120_000 }, (dialect) => {
  test("are found by what was shown once, until they expire", async (context) => {
    const clock = new Clock();
    const database = await consoleDatabase(context, dialect);
    const tokens = new Tokens(database, "api", clock.now);
    const { token = "", info } = (await tokens.add(TERMS)) ?? {};
    expect(token).toMatch(/^mrlapi_[\w-]{44}$/);
    expect(await tokens.find(token)).toEqual({ ...info, lastUsedAt: null });
    expect(await tokens.list("ada")).toMatchObject([{ id: info?.id, lastUsedAt: clock.ms, tenants: ["shop"] }]);
    const kept = JSON.stringify(await database.query("select * from console_tokens"));
    expect(kept).not.toContain(token.slice(-32));
    clock.pass(1000);
    expect(await tokens.find(token)).toBe(null);
  });

  test("of one kind are none of the other", async (context) => {
    const database = await consoleDatabase(context, dialect);
    const [api, node] = [new Tokens(database, "api"), new Tokens(database, "node")];
    const { token = "" } = (await api.add(TERMS)) ?? {};
    expect(await node.find(token)).toBe(null);
    expect(await node.find(token.replace("mrlapi", "mrlnode"))).toBe(null);
    expect(await node.list(null)).toEqual([]);
    expect(await node.remove(token.slice(7, 19), null)).toBe(null);
  });

  test("are removed by their owner or by whom it does not matter", async (context) => {
    const tokens = new Tokens(await consoleDatabase(context, dialect), "api");
    const { token = "", info } = (await tokens.add({ ...TERMS, lifeMs: null })) ?? {};
    expect(info?.expiresAt).toBe(null);
    expect(await tokens.remove(info?.id ?? "", "eve")).toBe(null);
    expect(await tokens.find(token)).not.toBe(null);
    expect(await tokens.remove(info?.id ?? "", "ada")).toMatchObject({ name: "ci" });
    expect(await tokens.find(token)).toBe(null);
  });

  test("that are made up are none", async (context) => {
    const tokens = new Tokens(await consoleDatabase(context, dialect), "api");
    const { token = "" } = (await tokens.add(TERMS)) ?? {};
    const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    for (const one of ["", "mrlapi_", wrong, `${token}x`, ` ${token}`, token.slice(1)]) {
      expect(await tokens.find(one)).toBe(null);
    }
  });

  test("are not without number", async (context) => {
    const tokens = new Tokens(await consoleDatabase(context, dialect), "api");
    for (let i = 0; i < 50; i++) expect(await tokens.add({ ...TERMS, lifeMs: null })).not.toBe(null);
    expect(await tokens.add(TERMS)).toBe(null);
    expect(await tokens.add({ ...TERMS, user: "bob" })).not.toBe(null);
  });
});
