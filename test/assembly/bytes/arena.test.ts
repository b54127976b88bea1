/** Scratch memory: a stack whose allocations never touch, whose values end in zeros, and which is bounded. */
import { beforeEach, describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { put } from "../scratch.ts";

const core = new Core("test");
const alloc = core.call("arenaAlloc");
const SIZES = [0, 1, 15, 16, 17, 63, 64, 65, 4096];

beforeEach(() => void core.call("arenaReset")());

test("allocations are aligned to 16 and lie behind each other with a gap", () => {
  let end = 0;
  for (const size of SIZES) {
    const at = alloc(size);
    expect(at % 16).toBe(0);
    if (end !== 0) expect(at - end).toBeGreaterThanOrEqual(16);
    end = at + size;
  }
  expect(core.call("arenaUsed")()).toBeGreaterThanOrEqual(SIZES.reduce((sum, size) => sum + size));
});

test("what was allocated since a mark is dropped with it", () => {
  alloc(100);
  const mark = core.call("arenaMark")();
  const first = alloc(5000);
  core.call("arenaRelease")(mark);
  expect(alloc(7)).toBe(first);
  core.call("arenaReset")();
  expect(core.call("arenaUsed")()).toBe(0);
});

test("used up it says so, and what was allocated stays", () => {
  const size = core.number("SCRATCH_BYTES");
  expect(alloc(size + 1)).toBe(0);
  expect(alloc(size)).toBe(0);
  const half = alloc(size / 2);
  expect(half).not.toBe(0);
  expect(alloc(size / 2)).toBe(0);
  expect(core.call("arenaAllocValue")(size / 2)).toBe(0);
  expect(alloc(64)).toBeGreaterThan(half);
});

describe.each(SIZES)("a value of %i bytes", (size) => {
  test("is followed by zeros as far as 16 bytes are loaded from its last byte", () => {
    core.bytes.fill(0xaa, alloc(8192), core.call("arenaMark")());
    core.call("arenaReset")();
    const at = put(core, Buffer.alloc(size, 0xee));
    expect(core.copy(at, size)).toEqual(Buffer.alloc(size, 0xee));
    expect(core.copy(at + size, 16)).toEqual(Buffer.alloc(16));
  });

  test("gives back what it did not need", () => {
    const at = core.call("arenaAllocValue")(8192);
    core.call("sealValue")(at, size);
    expect(alloc(1) - at).toBeLessThanOrEqual(size + 80);
  });
});
