/** The answer and its reasons, over a real store in both databases: who looks like people, and who does not. */
import { describe, expect, test } from "vitest";
import type { Exception } from "../../../../hosts/policy/exception.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { type Readiness, readiness, type SeenTraffic } from "../../../../hosts/postanalytics/rollout/readiness.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { openStore, type StoreStage } from "../store/record-stage.ts";
import { DIALECTS } from "../store/stage.ts";

const HOUR = 3_600_000;
const NOW = Date.now();
const WINDOW = { from: NOW - 14 * 24 * HOUR, to: NOW + 1 };
const ENOUGH: SeenTraffic = { calls: 50_000, since: NOW - 10 * 24 * HOUR, endpoints: 12, uncalled: 0 };
const SESSION: [string, string][] = [["cookie", "*****"]];

interface Fields {
  readonly ip: string;
  readonly type?: string;
  readonly path?: string;
  readonly headers?: [string, string][];
  readonly status?: number;
  readonly fields?: Partial<AttackRecord>;
}

/** A request that was let pass in monitoring. */
function watched({
  ip,
  type = "sqli",
  path = "/articles",
  headers = [],
  status = 200,
  fields = {},
}: Fields): AttackRecord {
  const { request } = sampleRecord();
  return sampleRecord({
    ...{ ts: new Date(NOW - HOUR).toISOString(), mode: "monitoring", action: "monitored", would_action: "block" },
    client: { ip, list: "none" },
    request: { ...request, method: "POST", path, path_template: path, headers },
    response: { status, seen: true },
    hits: [sampleHit({ type, point_s: "post.form.text", point: ["post", "form", "text"] })],
    ...fields,
  });
}

/** Editors of a shop who write about SQL. */
function editors(count = 5): AttackRecord[] {
  return Array.from({ length: count }, (_, i) => watched({ ip: `198.51.100.${i}`, headers: SESSION }));
}

/** One client that tries everything. */
function scanner(): AttackRecord[] {
  return ["sqli", "xss", "rce"].flatMap((type) => {
    return ["/a", "/b", "/articles"].map((path) => watched({ ip: "203.0.113.9", type, path, status: 404 }));
  });
}

async function ask(
  { store }: StoreStage,
  traffic: SeenTraffic = ENOUGH,
  exceptions: readonly Exception[] = [],
  scope = {},
): Promise<Readiness> {
  await store.settled();
  return await readiness(store, scope, WINDOW, null, exceptions, traffic, Date.now() + 60_000, Date.now);
}

describe.each(DIALECTS)("in %s", (dialect) => {
  test("nothing but attacks: ready; people among them: not yet, and they come first", async (context) => {
    const stage = await openStore(context, dialect);
    await stage.store.append(scanner());
    const before = await ask(stage);
    expect([before.verdict, before.toLookAt, before.wouldBlock, before.clients]).toEqual(["ready", 0, 9, 1]);
    expect(new Set(before.groups.map(({ standing }) => standing))).toEqual(new Set(["attack"]));
    await stage.store.append(editors());
    const after = await ask(stage);
    expect([after.verdict, after.toLookAt]).toEqual(["not_yet", 1]);
    expect(after.reasons[0]).toContain("1 group looks like people at work");
    const [first] = after.groups;
    // The scanner's own try at that place is in the same group, and does not hide them.
    expect(first).toMatchObject({
      standing: "suspect",
      requests: 6,
      clients: 6,
      authenticated: 5,
      succeeded: 5,
      alone: 5,
    });
    expect(first?.reasons).toHaveLength(4);
  });

  test("one person with a session at one place is to be looked at, and without a session not", async (context) => {
    const stage = await openStore(context, dialect);
    await stage.store.append([
      watched({ ip: "198.51.100.1", headers: SESSION, path: "/editor" }),
      watched({ ip: "198.51.100.2", path: "/search" }),
    ]);
    expect((await ask(stage)).groups.map(({ path, standing, reasons }) => [path, standing, reasons.length])).toEqual([
      ["/editor", "suspect", 3],
      ["/search", "attack", 3],
    ]);
  });

  test("many clients that try much else, too, are no people at work", async (context) => {
    const stage = await openStore(context, dialect);
    const bots = Array.from({ length: 6 }, (_, i) => `203.0.113.${i}`);
    await stage.store.append(
      bots.flatMap((ip) => ["sqli", "xss", "rce"].map((type) => watched({ ip, type, status: 404 }))),
    );
    expect(await ask(stage)).toMatchObject({ verdict: "ready", toLookAt: 0 });
  });

  test("what somebody has said counts: true attacks, false positives, exceptions", async (context) => {
    const stage = await openStore(context, dialect);
    const batch = editors();
    await stage.store.append(batch);
    await stage.store.settled();
    const [one] = batch;
    await stage.store.label(one?.id ?? "", { verdict: "true_attack", note: null });
    expect(await ask(stage)).toMatchObject({ verdict: "ready", groups: [{ standing: "true_attack" }] });
    await stage.store.label(one?.id ?? "", { verdict: "false_positive", note: null });
    const marked = await ask(stage);
    expect(marked).toMatchObject({ verdict: "not_yet", toLookAt: 1, groups: [{ standing: "false_positive" }] });
    const { exceptions = [] } = parsePolicy(EXCEPTION, "test");
    expect(await ask(stage, ENOUGH, exceptions)).toMatchObject({
      verdict: "ready",
      groups: [{ standing: "excepted" }],
    });
    const [wrong] = parsePolicy(EXCEPTION.replace("/articles", "/other"), "test").exceptions ?? [];
    expect(await ask(stage, ENOUGH, wrong === undefined ? [] : [wrong])).toMatchObject({ verdict: "not_yet" });
  });

  test("little traffic, a short time and unknown traffic are said, each with its number", async (context) => {
    const stage = await openStore(context, dialect);
    const few = await ask(stage, { ...ENOUGH, calls: 12, since: NOW - 2 * HOUR, uncalled: 3 });
    expect(few.verdict).toBe("too_little");
    expect(few.reasons.join("; ")).toMatch(/nothing would have been blocked; about 12 requests.*2\.0 hours.*3 of 12/);
    const unknown = await ask(stage, { calls: 0, since: null, endpoints: 0, uncalled: 0 });
    expect([unknown.verdict, unknown.reasons.join()]).toEqual(["too_little", expect.stringContaining("no traffic")]);
    expect((await ask(stage)).verdict).toBe("ready");
  });

  test("counts have what sampling left out, and only the scope, and nothing that was blocked", async (context) => {
    const stage = await openStore(context, dialect);
    const sampled = { kept: false, group: "g", count_since_last: 40 };
    await stage.store.append([
      ...editors(),
      watched({ ip: "198.51.100.1", fields: { sampled } }),
      watched({ ip: "198.51.100.2", path: "/articles/new" }),
      watched({ ip: "198.51.100.3", path: "/articles-old" }),
      watched({ ip: "198.51.100.4", fields: { action: "blocked", mode: "block" } }),
      watched({ ip: "198.51.100.4", fields: { would_action: "pass" } }),
    ]);
    const all = await ask(stage);
    expect(all.wouldBlock).toBe(47);
    const scoped = await ask(stage, ENOUGH, [], { path: "/articles", host: "SHOP.example", app: "shop" });
    expect([scoped.wouldBlock, scoped.groups.map(({ path, requests, kept }) => [path, requests, kept])]).toEqual([
      46,
      [
        ["/articles", 45, 5],
        ["/articles/new", 1, 1],
      ],
    ]);
    expect((await ask(stage, ENOUGH, [], { app: "other" })).wouldBlock).toBe(0);
  });
});

const EXCEPTION = `apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec: { defaults: { mode: monitoring } }
---
apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: { name: editors }
spec:
  match: { host: shop.example, path: /articles, point: post.form.text }
  ignore: { types: [sqli] }
  reason: editors write about SQL
  expiresAt: 2099-01-01T00:00:00Z
`;
