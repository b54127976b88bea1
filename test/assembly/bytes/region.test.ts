/** The one source of memory: aligned pieces with a gap behind each, from above the static data. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";

test("pieces are aligned to 64, do not touch and are counted", () => {
  const core = new Core("test");
  const before = core.call("reservedBytes")();
  let end = 0;
  for (const size of [1, 64, 100, 70_000]) {
    const at = core.call("reserve")(size);
    expect(at % 64).toBe(0);
    expect(at).toBeGreaterThanOrEqual(end === 0 ? 1 : end + 64);
    end = at + size;
  }
  expect(core.call("reservedBytes")() - before).toBeGreaterThanOrEqual(70_165);
});

test("memory grows for a piece, and a piece that no memory holds is refused", () => {
  const core = new Core("test");
  const before = core.bytes.length;
  const at = core.call("reserve")(before);
  expect(core.bytes.length).toBeGreaterThan(before);
  expect(core.bytes.length).toBeGreaterThanOrEqual(at + before);
  const reserved = core.call("reservedBytes")();
  expect(core.call("reserve")(0xfffff000)).toBe(0);
  expect(core.call("reservedBytes")()).toBe(reserved);
});
