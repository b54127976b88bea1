/** The module's start: ready once, with room for what hosts hand over and memory that does not move. */
import { expect, test } from "vitest";
import { Core, STATUS } from "../core.ts";

test("after the start all is in order, and a second start changes nothing", () => {
  const core = new Core("release");
  const before = core.call("memory_reserved")();
  expect(core.call("verify")()).toBe(STATUS.pass);
  core.call("_initialize")();
  expect([core.call("memory_reserved")(), core.call("input")()]).toEqual([before, core.input]);
  expect(core.bytes.length).toBeGreaterThanOrEqual(core.input + core.inputMax);
});

test("an instance that does nothing takes a few megabytes", () => {
  const core = new Core("release");
  expect(core.bytes.length).toBeLessThan(6 * 1024 * 1024);
});
