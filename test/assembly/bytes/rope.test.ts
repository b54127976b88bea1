/** Chains of blocks against a Buffer that is appended to. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { dropAll, put, randomBytes, room } from "../scratch.ts";

const core = new Core("test");
const HEAD_BYTES = core.number("ROPE_BYTES");

function makeRope(): number {
  const rope = room(core, HEAD_BYTES);
  core.bytes.fill(0, rope, rope + HEAD_BYTES);
  return rope;
}

function sizeOf(rope: number): number {
  return core.bytes.readUInt32LE(rope + core.number("ROPE_SIZE"));
}

test("what was appended in pieces is copied from anywhere", () => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(9000), fc.constantFrom(4092, 4091, 4093, 8184)), { maxLength: 8 });
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  check(
    fc.property(sizes, part, part, (pieces, where, much) => {
      const rope = makeRope();
      const bytes = pieces.map((size, index) => randomBytes(index, size));
      for (const piece of bytes) expect(core.call("ropeAppend")(rope, put(core, piece), piece.length)).toBe(1);
      const whole = Buffer.concat(bytes);
      expect(sizeOf(rope)).toBe(whole.length);
      const from = Math.floor(where * whole.length);
      const size = Math.floor(much * (whole.length - from));
      const to = room(core, size);
      if (size > 0) core.call("ropeCopy")(rope, from, size, to);
      expect(core.copy(to, size).equals(whole.subarray(from, from + size))).toBe(true);
      expect(core.call("blocks_used")()).toBe(Math.ceil(whole.length / 4092));
      core.call("ropeFree")(rope);
      expect([sizeOf(rope), core.call("blocks_used")()]).toEqual([0, 0]);
      dropAll(core);
    }),
    200,
  );
});

test("an empty rope is freed as often as one likes", () => {
  const rope = makeRope();
  core.call("ropeFree")(rope);
  core.call("ropeFree")(rope);
  expect(core.call("ropeAppend")(rope, put(core, Buffer.from("x")), 0)).toBe(1);
  expect(core.call("blocks_used")()).toBe(0);
  dropAll(core);
});

test("without blocks it keeps what fitted and says so", () => {
  const full = new Core("test");
  while (full.call("blockAlloc")() !== 0);
  const rope = full.call("arenaAlloc")(HEAD_BYTES);
  full.bytes.fill(0, rope, rope + HEAD_BYTES);
  expect(full.call("ropeAppend")(rope, full.input, 10)).toBe(0);
  full.call("ropeFree")(rope);
});
