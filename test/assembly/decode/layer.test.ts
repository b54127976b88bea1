/** Layers: records in the arena, one behind the other. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";

test("layers of one value lie apart and inside their room", () => {
  const core = new Core("test");
  const size = core.number("LAYER_BYTES");
  const room = core.call("layersAlloc")();
  const most = core.number("LAYERS_MAX");
  expect(room % 16).toBe(0);
  const all = Array.from({ length: most }, (_, index) => core.call("layerIn")(room, index));
  expect(all).toEqual(Array.from({ length: most }, (_, index) => room + index * size));
  expect(core.call("arenaAlloc")(1)).toBeGreaterThanOrEqual(room + most * size);
});

test("without scratch there is no room", () => {
  const core = new Core("test");
  while (core.call("arenaAlloc")(1024) !== 0);
  while (core.call("arenaAlloc")(1) !== 0);
  expect(core.call("layersAlloc")()).toBe(0);
});
