/** Scans of 16 bytes at a time against `indexOf`, at every position, alignment and distance from the end. */
import { beforeEach, expect, test } from "vitest";
import { Core } from "../core.ts";
import { put, randomBytes, room } from "../scratch.ts";

const core = new Core("test");
const SIZE_MAX = 70;

beforeEach(() => void core.call("arenaReset")());

test("one byte is found at its first place, or not at all", () => {
  const at = room(core, SIZE_MAX + 16);
  for (let shift = 0; shift < 16; shift += 5) {
    for (let size = 0; size <= SIZE_MAX; size++) {
      const from = at + shift;
      core.bytes.fill(0x61, at, at + SIZE_MAX + 16);
      // Behind the end there is one, which must not be seen.
      core.bytes[from + size] = 0x62;
      expect(core.call("findByte")(from, from + size, 0x62)).toBe(from + size);
      for (let where = 0; where < size; where += 7) {
        core.bytes[from + where] = 0x62;
        expect(core.call("findByte")(from, from + size, 0x62)).toBe(from + where);
        expect(core.call("findEither")(from, from + size, 0x63, 0x62)).toBe(from + where);
        core.bytes[from + where] = 0x61;
      }
    }
  }
});

test("of two bytes the first is found", () => {
  for (let seed = 0; seed < 300; seed++) {
    const bytes = randomBytes(seed, seed % SIZE_MAX).map((byte) => 0x61 + (byte % 20));
    const at = put(core, bytes);
    const found = bytes.findIndex((byte) => byte === 0x63 || byte === 0x6f);
    const expected = found < 0 ? bytes.length : found;
    expect(core.call("findEither")(at, at + bytes.length, 0x63, 0x6f) - at).toBe(expected);
    core.call("arenaReset")();
  }
});

test("ranges are the same only if every byte is", () => {
  for (let size = 0; size <= SIZE_MAX; size++) {
    const bytes = randomBytes(size, size);
    const [a, b] = [put(core, bytes), put(core, bytes)];
    expect(core.call("sameBytes")(a, b, size)).toBe(1);
    for (let where = 0; where < size; where++) {
      core.bytes[b + where] = (core.bytes[b + where] ?? 0) ^ 1;
      expect(core.call("sameBytes")(a, b, size)).toBe(0);
      core.bytes[b + where] = (core.bytes[b + where] ?? 0) ^ 1;
    }
    core.call("arenaReset")();
  }
});
