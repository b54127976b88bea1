/** The engine over the real core: loading and its refusals, typed results, policies, and what a trap leaves behind. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Engine, type EngineOptions } from "../../../hosts/core/engine.ts";
import type { RequestHead } from "../../../hosts/core/verdict.ts";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { ROOT } from "../../tools/component.ts";

const ATTACK = "/?file=..%2f..%2f..%2f..%2fetc%2fpasswd";
const BLOCK = compilePolicy({ ...defaultPolicy, mode: "block" });

function head(target: string): RequestHead {
  return { method: "GET", target, authority: "shop.example", scheme: "http", rawHeaders: ["Accept", "*/*"] };
}

/** Loads an engine and keeps hold of its instances' memory, which tests damage. */
function loadWithMemories(options: EngineOptions = {}): { engine: Engine; memories: WebAssembly.Memory[] } {
  const memories: WebAssembly.Memory[] = [];
  const { Instance } = WebAssembly;
  const spy = vi.spyOn(WebAssembly, "Instance").mockImplementation(function make(
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
  ) {
    const instance = new Instance(module, imports);
    memories.push(instance.exports["memory"] as WebAssembly.Memory);
    return instance;
  } as unknown as typeof Instance);
  const engine = Engine.load(options);
  spy.mockRestore();
  return { engine, memories };
}

describe("loading", () => {
  test("a module with another hash is refused, and the fix is named", () => {
    expect(() => Engine.load({ sha256: "0".repeat(64) })).toThrow(/has SHA-256 .*, expected 0+: run "npm run build"/);
  });

  test("bytes that are no module are refused", () => {
    expect(() => Engine.load({ wasm: new Uint8Array([1, 2, 3]) })).toThrow(/no WebAssembly module/);
  });

  test("the module's own bytes are taken", () => {
    const wasm = readFileSync(join(ROOT, "build/merlon.wasm"));
    expect(Engine.load({ wasm }).signatures.length).toBeGreaterThan(10);
  });

  test("every signature has a type, a severity and a reason", () => {
    for (const { stamp, type, severity, reason, cwe } of Engine.load().signatures) {
      expect(stamp.startsWith(`${type.replaceAll("_", "-")}-`), stamp).toBe(true);
      expect(severity, stamp).toBeGreaterThan(0);
      expect(severity, stamp).toBeLessThan(6);
      expect(reason.length, stamp).toBeGreaterThan(10);
      for (const number of cwe) expect(number).toMatch(/^CWE-\d+$/);
    }
  });

  test("numbers of the core are read by name", () => {
    expect(Engine.load().constant("INPUT_BYTES_MAX")).toBeGreaterThan(65_535);
    expect(() => Engine.load().constant("NO_SUCH_NUMBER")).toThrow(/NO_SUCH_NUMBER/);
  });
});

describe("a transaction", () => {
  test("tells match, point, layers and client of an attack", () => {
    const engine = Engine.load();
    const transaction = engine.begin("198.51.100.4", 0);
    expect(transaction.head(head(ATTACK))).toBe("pass");
    expect(transaction.end()).toBe("pass");
    const verdict = transaction.verdict();
    expect(verdict).toMatchObject({
      action: "pass",
      wouldAction: "block",
      mode: "monitoring",
      clientIp: "198.51.100.4",
    });
    const match = verdict.matches[0];
    expect(match).toMatchObject({ type: "ptrav", point: "query.file", cwe: ["CWE-22"] });
    expect(match?.layers.map(({ as }) => as)).toEqual(["raw", "form"]);
    const last = match?.layers.at(-1);
    const [from, to] = last?.span ?? [0, 0];
    const excerptAt = last?.excerptAt ?? 0;
    const bytes = last?.excerpt.subarray(from - excerptAt, to - excerptAt) ?? new Uint8Array();
    expect(Buffer.from(bytes).toString()).toContain("../../../..");
    transaction.free();
    expect(engine.usage).toMatchObject({ open: 0, blocks: 0 });
  });

  test("is blocked in mode block, and a body of any size is taken in pieces", () => {
    const engine = Engine.load();
    engine.loadPolicy("active", BLOCK);
    const transaction = engine.begin("198.51.100.4", 0);
    transaction.head({
      ...head("/"),
      method: "POST",
      rawHeaders: ["Content-Type", "application/x-www-form-urlencoded"],
    });
    const body = Buffer.concat([Buffer.from(`a=${"x".repeat(400_000)}&file=`), Buffer.from(ATTACK.slice(7))]);
    transaction.body(body);
    expect(transaction.end()).toBe("block");
    transaction.free();
  });

  test("shows what a candidate in the shadow slot would do", () => {
    const engine = Engine.load();
    const off = compilePolicy({ ...defaultPolicy, disable: { stamps: engine.signatures.map(({ stamp }) => stamp) } });
    engine.loadPolicy("active", BLOCK);
    engine.loadPolicy("shadow", off);
    const transaction = engine.begin("198.51.100.4", 0);
    transaction.head(head(ATTACK));
    expect(transaction.end()).toBe("block");
    expect(transaction.verdict().shadowAction).toBe("pass");
    transaction.free();
    engine.clearPolicy("shadow");
    const next = engine.begin("198.51.100.4", 0);
    next.head(head(ATTACK));
    expect(next.verdict().shadowAction).toBeNull();
    next.free();
  });

  test("whose head does not fit is answered by failure.overlimit", () => {
    for (const [overlimit, action] of [
      ["closed", "block"],
      ["open", "pass"],
    ] as const) {
      const transaction = Engine.load({ failure: { overlimit } }).begin("198.51.100.4", 0);
      expect(transaction.head(head(`/${"a".repeat(400_000)}`))).toBe(action);
      expect(transaction.verdict()).toMatchObject({ failed: true, action });
      transaction.free();
    }
  });

  test("without a place in the core is refused and counted", () => {
    const engine = Engine.load();
    const open = Array.from({ length: engine.constant("TRANSACTIONS_MAX") }, () => engine.begin("", 0));
    const one = engine.begin("", 0);
    expect(one.head(head("/"))).toBe("block");
    expect(engine.counters.refused).toBe(1);
    for (const transaction of [...open, one]) transaction.free();
    expect(engine.usage).toMatchObject({ open: 0, blocks: 0 });
  });
});

test("a damaged image changes nothing", () => {
  const engine = Engine.load();
  const damaged = Uint8Array.from(BLOCK);
  damaged[16] = 0;
  expect(() => engine.loadPolicy("active", damaged)).toThrow(/damaged or was made for another engine/);
  const transaction = engine.begin("198.51.100.4", 0);
  transaction.head(head(ATTACK));
  expect(transaction.verdict().mode).toBe("monitoring");
  transaction.free();
});

describe("after a trap", () => {
  test.each([
    ["closed", "block"],
    ["open", "pass"],
  ] as const)("failure.trap %s answers %s", (trap, action) => {
    const traps: unknown[] = [];
    const { engine, memories } = loadWithMemories({ failure: { trap }, onTrap: (error) => traps.push(error) });
    engine.loadPolicy("active", BLOCK);
    const [first, second] = [engine.begin("198.51.100.4", 0), engine.begin("198.51.100.4", 0)];
    new Uint8Array(memories[0]?.buffer ?? new ArrayBuffer(0)).fill(0xff);
    expect(first.head(head("/"))).toBe(action);
    expect(first.verdict()).toMatchObject({ failed: true, action });
    // The other transaction was in the same instance and is lost with it.
    expect(second.end()).toBe(action);
    expect(traps).toHaveLength(1);
    expect(engine.counters.traps).toBe(1);
    first.free();
    second.free();
    // The next one is in a new instance, under the same policy.
    const next = engine.begin("198.51.100.4", 0);
    expect(next.head(head(ATTACK))).toBe("block");
    expect(next.verdict().failed).toBe(false);
    next.free();
  });

  test.each(["begin", "line", "verdict", "free"] as const)("in %s nothing is thrown", (where) => {
    const { engine, memories } = loadWithMemories({ failure: { trap: "closed" } });
    const open = engine.begin("198.51.100.4", 0);
    open.head(head(ATTACK));
    new Uint8Array(memories[0]?.buffer ?? new ArrayBuffer(0)).fill(0xff);
    const transaction = where === "begin" ? engine.begin("198.51.100.4", 0) : open;
    if (where === "line") expect(transaction.line()).toBe("failed trap");
    if (where === "verdict") expect(transaction.verdict()).toMatchObject({ failed: true, action: "block" });
    if (where === "begin") expect(transaction.head(head("/"))).toBe("block");
    transaction.free();
    open.free();
    const next = engine.begin("198.51.100.4", 0);
    expect(next.head(head("/"))).toBe("pass");
    next.free();
  });

  test("damaged tables are noticed and the instance is replaced", () => {
    const { engine, memories } = loadWithMemories();
    expect(engine.verify()).toBe(true);
    const bytes = new Uint8Array(memories[0]?.buffer ?? new ArrayBuffer(0));
    bytes.subarray(1024, 300_000).fill(0);
    expect(engine.verify()).toBe(false);
    expect(engine.counters.traps).toBe(1);
    expect(engine.verify()).toBe(true);
  });
});

test("a sibling has the module in common and nothing else", () => {
  const engine = Engine.load();
  engine.loadPolicy("active", BLOCK);
  const sibling = engine.sibling();
  for (const [one, action] of [
    [engine, "block"],
    [sibling, "pass"],
  ] as const) {
    const transaction = one.begin("198.51.100.4", 0);
    transaction.head(head(ATTACK));
    expect(transaction.end()).toBe(action);
    transaction.free();
  }
  expect(sibling.usage.open).toBe(0);
});
