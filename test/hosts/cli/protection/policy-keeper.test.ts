/** The policy in force: from the file, through changes and mistakes, in the real core. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { changeLine, PolicyKeeper, type PolicySource } from "../../../../hosts/cli/protection/policy-keeper.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import type { Mode } from "../../../../hosts/core/verdict.ts";
import type { Change } from "../../../../hosts/policy/wire.ts";
import { eventOf } from "../../demo/stage.ts";
import { BLOCKING, startService } from "../../policy/service/stage.ts";
import { makeFolder } from "../stage.ts";

const HEAD = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n  defaults:\n";

let path: string;
let engine: Engine;
const said: string[] = [];

beforeEach(() => {
  path = join(makeFolder(), "merlon.yaml");
  engine = Engine.load();
  said.length = 0;
});

function write(...fields: string[]): void {
  writeFileSync(path, HEAD + fields.map((field) => `    ${field}\n`).join(""));
}

async function open(source: Partial<PolicySource> = {}): Promise<PolicyKeeper> {
  const keeper = await PolicyKeeper.open(engine, { path, mode: undefined, ...source }, (line) => said.push(line));
  onTestFinished(() => keeper.close());
  return keeper;
}

/** The mode that counts in the core for a request. */
function modeInForce(target = "/"): Mode {
  const transaction = engine.begin("203.0.113.7", 0);
  transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
  transaction.end();
  const { mode } = transaction.verdict();
  transaction.free();
  return mode;
}

describe("the policy in force", () => {
  test("is the built-in one without a file", async () => {
    const keeper = await open({ path: undefined });
    expect(keeper.mode).toBe("monitoring");
    expect(modeInForce()).toBe("monitoring");
    await keeper.check();
    expect(said).toEqual([]);
  });

  test("follows the file, and keeps the last good one through every mistake", async () => {
    write("mode: block");
    const keeper = await open();
    expect(modeInForce()).toBe("block");
    for (const [mode, saying] of [
      ["safe_blocking", "is in force, mode safe_blocking"],
      ["blok", '"blok"'],
    ] as const) {
      write(`mode: ${mode}`);
      await keeper.check();
      expect(said.pop()).toContain(saying);
      expect(modeInForce()).toBe("safe_blocking");
    }
    writeFileSync(path, "");
    await keeper.check();
    expect(said.pop()).toMatch(/is empty .*\(the policy before stays in force\)$/);
    expect(modeInForce()).toBe("safe_blocking");
    write("mode: off");
    await keeper.check();
    expect(modeInForce()).toBe("off");
    expect(keeper.mode).toBe("off");
  });

  test("keeps a policy that the core has no room for out", async () => {
    write("mode: block");
    const keeper = await open();
    const scope = (at: number): string => `{match: {path: /${at}}, blockPage: {html: "${at} ${"x".repeat(32_000)}"}}`;
    write(`mode: off\n  scopes: [${Array.from({ length: 140 }, (_, at) => scope(at)).join()}]`);
    await keeper.check();
    expect(said.pop()).toContain("too large");
    expect(modeInForce()).toBe("block");
  });

  test("has the mode of the command line whatever file and console say", async () => {
    write("mode: monitoring", "console: {mode: off, rules: [{path: /a, mode: off}]}");
    const keeper = await open({ mode: "block" });
    expect([modeInForce(), modeInForce("/a")]).toEqual(["block", "block"]);
    write("mode: off");
    await keeper.check();
    expect(modeInForce()).toBe("block");
  });

  test("tells hosts at once what they do themselves", async () => {
    write("mode: block");
    const keeper = await open();
    expect(keeper.host).toMatchObject({ holdBytes: 512 * 1024, failure: { trap: "open" } });
    write("limits: {holdBytes: 1Mi}", "failure: {trap: closed}", "blockPage: {statusCode: 451}");
    await keeper.check();
    expect(keeper.host).toMatchObject({ holdBytes: 1024 * 1024, failure: { trap: "closed" } });
    expect(keeper.host.pages[0]?.statusCode).toBe(451);
    expect(said).toHaveLength(1);
  });

  test("says which stamps nobody knows", async () => {
    write("mode: block");
    const keeper = await open();
    const [known] = engine.signatures;
    write(`disable: {stamps: [${known?.stamp}, ${known?.stamp}x, nobody]}`, "limits: {holdBytes: 1Mi}");
    await keeper.check();
    expect(said.slice(0, 2)).toEqual([
      `disable.stamps: this version has no signature ${known?.stamp}x; did you mean "${known?.stamp}"?`,
      "disable.stamps: this version has no signature nobody",
    ]);
  });

  test("is none at start where the file is not valid or not there", async () => {
    await expect(open()).rejects.toMatchObject({ code: "MERLON_INPUT" });
    write("mode: blok");
    await expect(open()).rejects.toMatchObject({ code: "MERLON_POLICY" });
    mkdirSync(`${path}.d`);
    await expect(open({ path: `${path}.d` })).rejects.toMatchObject({ code: "MERLON_INPUT" });
  });

  test("is that of a service where one is followed, under the mode of the command line", async () => {
    const { service, url } = await startService({ isOpen: true });
    await service.publish(BLOCKING);
    const address = { url, instance: "i", kind: "test" };
    const keeper = await open({ path: undefined, service: address });
    expect([modeInForce(), keeper.origin]).toEqual(["block", `version 1 of ${url}`]);
    const strict = Engine.load();
    const other = await PolicyKeeper.open(strict, { path: undefined, mode: "off", service: address }, () => {});
    onTestFinished(() => other.close());
    expect(other.mode).toBe("off");
    await service.publish({ ...BLOCKING, mode: "safe_blocking" });
    await keeper.check();
    await other.check();
    expect([modeInForce(), keeper.mode, other.mode]).toEqual(["safe_blocking", "safe_blocking", "off"]);
    expect(keeper.host.hash).toBe(service.published.hash);
  });

  test("is the built-in one where a service has not answered, and says so", async () => {
    const service = { url: "http://127.0.0.1:1", instance: "i", kind: "test" };
    const keeper = await open({ path: undefined, service });
    expect([modeInForce(), keeper.origin]).toEqual([
      "monitoring",
      "built-in policy; http://127.0.0.1:1 has not answered yet",
    ]);
    expect(said[0]).toContain("does not answer");
  });

  test("has a candidate beside it, until its time is over", async () => {
    write("mode: monitoring");
    writeFileSync(`${path}.new`, `${HEAD}    mode: block\n`);
    const keeper = await open({ candidate: `${path}.new` });
    expect(keeper.comparison).toMatchObject({ requests: 0 });
    const transaction = engine.begin("203.0.113.7", 0);
    const target = "/?a=../../../../../../etc/passwd";
    transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
    transaction.end();
    const verdict = transaction.verdict();
    transaction.free();
    keeper.observe(eventOf({ ref: "r", host: "a", path: "/", startedAt: Date.now() }, verdict));
    expect(keeper.comparison).toMatchObject({ requests: 1, wouldBlock: 1 });
    expect(changeLine(keeper.comparison?.changes[0] ?? unseen)).toMatch(
      /^\d\d:.* {2}pass → block {2}r {2}GET a\/ {2}ptrav-/,
    );
  });

  test("says that countries have no effect without a database", async () => {
    writeFileSync(
      path,
      `${HEAD}    mode: block\n---\napiVersion: merlon.dev/v1alpha1\nkind: WafIPList
spec: {list: deny, entries: [{country: DE}]}\n`,
    );
    await open();
    expect(said).toEqual([expect.stringContaining("there is no database of them")]);
  });
});

/** A line of nothing, where a test has failed already. */
const unseen: Change = { at: 0, ref: "", method: "", host: "", path: "", findings: [], before: "pass", after: "pass" };
