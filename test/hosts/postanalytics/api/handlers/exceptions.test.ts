/** The way of a false positive by the API: propose, weigh, apply, see it act in a real core, undo. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../../../../../hosts/core/engine.ts";
import { sampleHit, sampleRecord } from "../../../records/sample.ts";
import { startConsole } from "../../stage.ts";

const TIMEOUT = { timeout: 60_000 };
const recent = (fields: Parameters<typeof sampleRecord>[0] = {}) =>
  sampleRecord({ ts: new Date().toISOString(), ...fields });
const QUERY = "id=1%20UNION%20SELECT%20password%20FROM%20users";

function actionOf(engine: Engine, target: string): string {
  const transaction = engine.begin("203.0.113.9", Math.floor(Date.now() / 1000));
  transaction.raw(Buffer.from(`GET ${target} HTTP/1.1\r\nhost: shop.example\r\n\r\n`));
  transaction.end();
  const { action } = transaction.verdict();
  transaction.free();
  return action;
}

describe("a false positive", TIMEOUT, () => {
  test("is closed for good and nothing else, and opened again", async () => {
    const knownAttacks = [
      { type: "sqli", text: "1 UNION SELECT name FROM users" },
      { type: "sqli", text: "1; DROP TABLE a" },
    ];
    const stage = await startConsole({ knownAttacks });
    const editor = await stage.as("editor");
    const record = recent();
    await stage.store.append([record, recent(), recent({ hits: [sampleHit({ point_s: "query.other" })] })]);
    expect(actionOf(stage.engine, `/articles/7?${QUERY}`)).toBe("block");

    const { items, notes } = await editor.call("proposeExceptions", { body: { record: record.ref } });
    expect([items.length, notes]).toEqual([1, []]);
    const draft = items[0]?.draft;
    if (draft === undefined) throw new Error("nothing proposed");
    expect(draft.match).toEqual({ method: "GET", host: "shop.example", path: "/articles/*", point: "query.id" });
    expect(draft.reason).toMatch(new RegExp(`^false positive ${record.ref}, said by editor-`));

    const effect = await editor.call("previewException", { body: { draft } });
    expect(effect).toMatchObject({ complete: true, examined: 3, touched: 2, released: 2, untouchedOnRoute: 1 });
    expect(effect.knownAttacks).toMatchObject({ tried: 2, admittedCount: 1 });
    expect(effect.knownAttacks.admitted[0]).toMatchObject({ stamps: ["sqli-union"] });

    const { name } = await editor.call("applyException", { body: { draft, record: record.id } });
    expect(actionOf(stage.engine, `/articles/7?${QUERY}`)).toBe("pass");
    expect(actionOf(stage.engine, `/articles/7?x${QUERY}`)).toBe("block");
    expect(actionOf(stage.engine, `/other/7?${QUERY}`)).toBe("block");
    expect(await editor.call("policyState", {})).toMatchObject({ active: 1, total: 1, tookMs: 0 });
    expect((await stage.store.record(record.id, null))?.labels?.verdict).toBe("false_positive");

    const listed = await editor.call("exceptions", {});
    expect(listed.items.map((one) => [one.name, one.managedBy])).toEqual([
      [name, "console"],
      ["from-file", "file"],
    ]);
    expect(listed.items[1]?.draft.match.path).toBe("/tutorials/*");

    await editor.call("removeException", { path: { name } });
    expect(actionOf(stage.engine, `/articles/7?${QUERY}`)).toBe("block");
    const log = await stage.console.parts.audit.list({ limit: 5 });
    expect(log.items.map(({ action, object }) => [action, object])).toEqual([
      ["removeException", name],
      ["applyException", name],
    ]);
    expect(log.items[1]?.changes).toContainEqual({ field: "match.point", before: null, after: "query.id" });
  });

  test("gets a name of its own each time", async () => {
    const stage = await startConsole();
    const editor = await stage.as("editor");
    const record = recent();
    await stage.store.append([record]);
    const { items } = await editor.call("proposeExceptions", { body: { record: record.id } });
    const draft = items[0]?.draft;
    if (draft === undefined) throw new Error("nothing proposed");
    const names = new Set<string>();
    for (let i = 0; i < 3; i++)
      names.add((await editor.call("applyException", { body: { draft, record: record.id } })).name);
    expect(names.size).toBe(3);
  });
});

describe("what is refused", TIMEOUT, () => {
  const draft = {
    match: { host: "shop.example", path: "/articles/*", point: "query.id" },
    ignore: { stamps: ["sqli-union"] },
    reason: "r",
    expiresAt: "2028-01-01",
  };
  const now = (): number => Date.UTC(2027, 0, 1);

  test.for<[object, string]>([
    [{ match: {} }, "body.draft.match"],
    [{ expiresAt: "2026-12-31" }, "body.draft.expiresAt"],
    [{ expiresAt: "2030-01-01" }, "body.draft.expiresAt"],
    [{ expiresAt: "soon" }, "body"],
    [{ reason: "" }, "body"],
    [{ ignore: {} }, "body"],
    [{ match: { path: "x" } }, "body"],
    [{ extra: 1 }, "body.draft.extra"],
  ])("%j", async ([fields, field]) => {
    const stage = await startConsole({ now });
    const editor = await stage.as("editor");
    const applying = editor.call("applyException", { body: { draft: { ...draft, ...fields } } });
    await expect(applying).rejects.toMatchObject({ status: 400, field });
    expect(stage.console.parts.policy.current().generation).toBe(1);
  });

  test("what stands in a file, and what is not there", async () => {
    const stage = await startConsole();
    const editor = await stage.as("editor");
    const removing = (name: string) => editor.call("removeException", { path: { name } });
    await expect(removing("from-file")).rejects.toMatchObject({ status: 409 });
    await expect(removing("nothing")).rejects.toMatchObject({ status: 404 });
  });

  test("any change where the policy is managed elsewhere", async () => {
    const stage = await startConsole({ refusal: "the policy is managed in Git — change it there" });
    const editor = await stage.as("editor");
    expect((await editor.call("session", {})).policyWrite).toEqual({
      allowed: false,
      reason: "the policy is managed in Git — change it there",
    });
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const applying = editor.call("applyException", { body: { draft: { ...draft, expiresAt: until } } });
    await expect(applying).rejects.toMatchObject({ status: 400, message: expect.stringContaining("managed in Git") });
  });
});

describe("who sees one application", TIMEOUT, () => {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const draft = {
    match: { host: "shop.example", path: "/articles/*", point: "query.id" },
    ignore: { stamps: ["sqli-union"] },
    reason: "r",
    expiresAt: until,
  };

  test("makes exceptions for it alone", async () => {
    const stage = await startConsole();
    const editor = await stage.as("editor", ["shop"]);
    await expect(editor.call("applyException", { body: { draft } })).rejects.toMatchObject({ status: 403 });
    await stage.store.append([recent()]);
    const { name } = await editor.call("applyException", { body: { draft } });
    expect((await editor.call("exceptions", {})).items.map((one) => one.name)).toEqual([name]);
    await stage.store.append([recent({ app: { name: "blog", id: 2 } })]);
    await expect(editor.call("applyException", { body: { draft } })).rejects.toMatchObject({ status: 403 });
    for (const match of [{ path: "/articles/*" }, { host: "*.example", path: "/a" }, { host: "shop.example" }]) {
      const wide = editor.call("applyException", { body: { draft: { ...draft, match } } });
      await expect(wide).rejects.toMatchObject({ status: 403 });
    }
  });

  test("does not see or remove those of others", async () => {
    const stage = await startConsole();
    const { name } = await (await stage.as("editor")).call("applyException", { body: { draft } });
    const editor = await stage.as("editor", ["blog"]);
    expect((await editor.call("exceptions", {})).items).toEqual([]);
    await expect(editor.call("removeException", { path: { name } })).rejects.toMatchObject({ status: 404 });
  });
});
