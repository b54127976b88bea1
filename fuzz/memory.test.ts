/** Memory of the core: what a transaction took it gives back, and an instance that has warmed up takes no more. */
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { Core } from "../test/assembly/core.ts";
import { makeInput } from "./inputs.ts";
import { apply } from "./operations.ts";
import { check } from "./property.ts";

const SEED = 11;
const RUNS = 150;
const PARKED_BYTES_MAX = 8192;
/** Chains of a transaction: matches, value, parser's, second reading or raw head, trailers, a coded body as it came. */
const CHAINS = 6;
/** Blocks of the state and the window that undo one coding, and codings at most. */
const CODING_BLOCKS = 9;
const CODINGS = 2;
const CODING = /gzip|deflate/i;
/** A byte of a body may be held in its value, among the pairs to be joined and for the second reading. */
const COPIES_MAX = 3;
let core: Core;

beforeEach(() => {
  core = new Core("checked");
});

/** Opens transactions, feeds each a part of an input and closes them in another order. */
function round(plan: readonly { readonly input: number; readonly calls: number; readonly rank: number }[]): void {
  const open = plan.map(({ input, calls, rank }) => {
    const handle = core.begin("192.0.2.1");
    apply(core, handle, makeInput(SEED, input).slice(0, calls));
    return { handle, rank };
  });
  expect(core.call("open_count")()).toBe(plan.length);
  for (const { handle } of open.sort((a, b) => a.rank - b.rank)) expect(core.free(handle)).toBe(0);
}

const plans = fc.array(fc.record({ input: fc.nat(5000), calls: fc.integer({ min: 0, max: 6 }), rank: fc.nat(1000) }), {
  maxLength: 40,
});

test("whatever is closed whenever, nothing is left", () => {
  check(
    fc.property(plans, (plan) => {
      round(plan);
      expect([core.call("open_count")(), core.call("blocks_used")()]).toEqual([0, 0]);
    }),
    RUNS,
  );
});

test("the same load again takes no more memory", () => {
  check(
    fc.property(plans, (plan) => {
      round(plan);
      const reserved = core.call("memory_reserved")();
      for (let again = 0; again < 3; again++) round(plan);
      expect(core.call("memory_reserved")()).toBe(reserved);
    }),
    RUNS,
  );
});

test("reset closes all", () => {
  for (let count = 0; count < 100; count++) apply(core, core.begin(), makeInput(SEED, count).slice(0, 2));
  core.call("reset")();
  expect([core.call("open_count")(), core.call("blocks_used")()]).toEqual([0, 0]);
});

test("an ordinary request costs two blocks at most once its head is read", () => {
  const handle = core.begin("192.0.2.1");
  core.pairs("tx_head", handle, [
    [":method", "POST"],
    [":path", "/orders?page=2&sort=price&sort=name"],
    [":authority", "shop.example"],
    ["cookie", "session=4f2a; theme=dark; theme=light"],
    ["content-type", "application/x-www-form-urlencoded"],
  ]);
  expect(core.call("blocks_used")() * core.number("BLOCK_BYTES")).toBeLessThanOrEqual(PARKED_BYTES_MAX);
  core.free(handle);
});

test("what is held is the bytes of the body and of the matches, each chain rounded up to a block", () => {
  const room = core.number("BLOCK_BYTES") - 4;
  for (let index = 0; index < 2000; index++) {
    const operations = makeInput(SEED, index).filter(({ call }) => call !== "tx_end");
    const bytes = operations.reduce((sum, operation) => sum + operation.bytes.length, 0);
    const coded = operations.some(
      ({ bytes: piece }) => piece.includes("\x1f\x8b", 0, "latin1") || CODING.test(`${piece}`),
    );
    const handle = core.begin();
    apply(core, handle, operations);
    const blocks = core.call("blocks_used")();
    const held = COPIES_MAX * bytes + core.record(handle).length;
    core.free(handle);
    expect(blocks, `input ${index} of ${bytes} bytes`).toBeLessThanOrEqual(
      1 + CHAINS + (coded ? CODINGS * CODING_BLOCKS : 0) + Math.ceil(held / room),
    );
  }
});
