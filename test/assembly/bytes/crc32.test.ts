/** CRC-32 against zlib's. */
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { dropAll, put, randomBytes } from "../scratch.ts";

const core = new Core("test");

test.each([0, 1, 2, 3, 16, 255, 1000, 65536])("of %i bytes", (size) => {
  const bytes = randomBytes(size, size);
  expect(core.call("crc32")(put(core, bytes), size)).toBe(crc32(bytes));
  dropAll(core);
});

test("one other bit is another checksum", () => {
  const bytes = randomBytes(1, 64);
  const whole = core.call("crc32")(put(core, bytes), 64);
  for (let bit = 0; bit < 512; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(core.call("crc32")(put(core, damaged), 64)).not.toBe(whole);
    dropAll(core);
  }
});
