/** The audit log on both databases: what it tells, and the secrets that it does not. */
import { describe, expect, test } from "vitest";
import { Audit, changesBetween } from "../../../../hosts/postanalytics/access/audit.ts";
import { DIALECTS } from "../store/stage.ts";
import { Clock, consoleDatabase } from "./stage.ts";

const FACT = { who: "ada", from: "127.0.0.1", action: "setMode", object: "policy", outcome: "done" } as const;

describe("the difference of two values", () => {
  test.each([
    [undefined, { role: "viewer" }, [{ field: "role", before: null, after: "viewer" }]],
    [{ mode: "block" }, { mode: "off" }, [{ field: "mode", before: "block", after: "off" }]],
    [{ a: { b: [1, 2] } }, { a: { b: [1] } }, [{ field: "a.b.1", before: "2", after: null }]],
    [{ a: null }, { a: [] }, [{ field: "a", before: "null", after: "[]" }]],
    ["x", "y", [{ field: "value", before: "x", after: "y" }]],
    [{ a: 1 }, { a: 1 }, []],
    [undefined, { sink: { secret: "s3cret" } }, [{ field: "sink.secret", before: null, after: "(hidden)" }]],
    [undefined, { url: "https://hooks.slack.com/services/T/B/X" }, [{ field: "url", before: null, after: "(hidden)" }]],
  ])("from %j to %j", (before, after, changes) => expect(changesBetween(before, after)).toEqual(changes));

  test.each(["password", "clientSecret", "token", "bearer", "tls.key", "ca"])("hides %s", (field) => {
    expect(changesBetween({ [field]: "canary-1" }, { [field]: "canary-2" })).toEqual([
      { field, before: "(hidden)", after: "(hidden)" },
    ]);
  });

  test("is bounded in its fields, their length and their depth", () => {
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`f${at}`, "x".repeat(10_000)]));
    const changes = changesBetween({}, wide);
    expect(changes).toHaveLength(64);
    expect(changes[0]?.after).toHaveLength(513);
    let deep: unknown = 1;
    for (let i = 0; i < 1000; i++) deep = { a: deep };
    expect(changesBetween(undefined, deep)[0]?.field).toBe("a.a.a.a.a.a");
  });
});

describe.for(DIALECTS)("the log on %s", { timeout: 120_000 }, (dialect) => {
  test("is read newest first, in parts, by person and action", async (context) => {
    const clock = new Clock();
    const audit = new Audit(await consoleDatabase(context, dialect), clock.now);
    for (let i = 0; i < 5; i++) {
      clock.pass(1000);
      await audit.add({
        ...FACT,
        object: `o${i}`,
        who: i === 2 ? "bob" : "ada",
        before: { a: i },
        after: { a: i + 1 },
      });
    }
    const first = await audit.list({ limit: 2 });
    expect(first.items.map(({ object }) => object)).toEqual(["o4", "o3"]);
    const rest = await audit.list({ limit: 9, cursor: first.next ?? "" });
    expect(rest.items.map(({ object }) => object)).toEqual(["o2", "o1", "o0"]);
    expect(rest.next).toBe(null);
    expect(rest.items[0]).toMatchObject({
      ...{ who: "bob", from: "127.0.0.1", outcome: "done", at: clock.ms - 2000 },
      changes: [{ field: "a", before: "2", after: "3" }],
    });
    expect((await audit.list({ limit: 9, who: "bob", action: "setMode" })).items).toHaveLength(1);
    expect((await audit.list({ limit: 9, action: "login" })).items).toEqual([]);
  });

  test("forgets after half a year", async (context) => {
    const clock = new Clock();
    const database = await consoleDatabase(context, dialect);
    await new Audit(database, clock.now).add(FACT);
    clock.pass(181 * 86_400_000);
    const later = new Audit(database, clock.now);
    await later.add(FACT);
    expect((await later.list({ limit: 9 })).items).toHaveLength(1);
  });
});
