/** Tables of bodies: every number that leads out of them is refused, wherever it stands. */
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { Core, STATUS } from "../../core.ts";
import { openapiOf, policyWith, specOf } from "./held.ts";

const core = new Core("checked");
const SCHEMA = {
  type: "object",
  properties: {
    a: { pattern: "x", maxLength: 3 },
    b: { type: "integer", minimum: 1 },
    c: { type: "array", items: {} },
  },
  required: ["a"],
};
const IMAGE = Buffer.from(compilePolicy(policyWith([specOf("shop", openapiOf(SCHEMA))])));
const SECTION = 22;
const SIZES_BYTES = 24;
/** Bytes of rows, and the numbers in them that refer to something or must be below a bound. */
const TABLES: readonly (readonly [name: string, rowBytes: number, fields: readonly number[]])[] = [
  ["a body", 24, [0, 8, 12, 16, 20]],
  ["a node", 68, [0, 4, 8, 12, 16, 44, 48, 52, 56, 60, 64]],
  ["a field", 20, [4, 8, 12, 16]],
  ["a text's case", 12, []],
  ["a number's case", 32, []],
  ["a machine", 4, [0]],
];

function section(): { at: number; size: number } {
  for (let row = 32; row < 32 + IMAGE.readUInt16LE(6) * 12; row += 12) {
    if (IMAGE.readUInt16LE(row) === SECTION)
      return { at: IMAGE.readUInt32LE(row + 4), size: IMAGE.readUInt32LE(row + 8) };
  }
  throw new Error("the image has no such section");
}

function load(change: (image: Buffer) => void): number {
  const image = Buffer.from(IMAGE);
  change(image);
  image.writeUInt32LE(crc32(image.subarray(16)), 12);
  return core.loadPolicy("active", image);
}

function tableOf(index: number): { at: number; rows: number } {
  const { at } = section();
  const counts = TABLES.map((_, table) => IMAGE.readUInt32LE(at + table * 4));
  const before = TABLES.slice(0, index).reduce((sum, [, bytes], table) => sum + bytes * (counts[table] ?? 0), 0);
  return { at: at + SIZES_BYTES + before, rows: counts[index] ?? 0 };
}

test("the image of these tests is a good one, with every table, and as long as it says", () => {
  expect(load(() => {})).toBe(STATUS.pass);
  const last = tableOf(TABLES.length - 1);
  for (const [index] of TABLES.entries()) expect(tableOf(index).rows).toBeGreaterThan(0);
  expect(last.at + last.rows * 4).toBe(section().at + section().size);
});

test.each(
  TABLES.flatMap(([name, rowBytes, fields], table) => fields.map((field) => ({ table, name, rowBytes, field }))),
)("the number at $field of $name that leads nowhere is refused", ({ table, rowBytes, field }) => {
  const { at, rows } = tableOf(table);
  for (let row = 0; row < rows; row++) {
    for (const number of [0x7fffffff, table === 5 ? 0xffffffff : 0x7ffffffe]) {
      expect(load((image) => image.writeUInt32LE(number, at + row * rowBytes + field))).toBe(STATUS.badPolicy);
    }
  }
});

test.each(TABLES.map(([name], index) => [name, index] as const))(
  "one row of %s more or less is refused",
  (_name, index) => {
    const at = section().at + index * 4;
    for (const step of [1, -1, 0x10000000]) {
      expect(load((image) => image.writeUInt32LE((IMAGE.readUInt32LE(at) + step) >>> 0, at))).toBe(STATUS.badPolicy);
    }
  },
);

test("a rule for a body that there is not is refused", () => {
  const schema = 32;
  for (let row = 32; row < 32 + IMAGE.readUInt16LE(6) * 12; row += 12) {
    if (IMAGE.readUInt16LE(row) !== 15) continue;
    const [at, size] = [IMAGE.readUInt32LE(row + 4), IMAGE.readUInt32LE(row + 8)];
    const rules = Array.from({ length: size / 36 }, (_, index) => at + index * 36);
    const held = rules.filter((rule) => (IMAGE.readUInt32LE(rule + 28) & schema) !== 0);
    expect(held).toHaveLength(1);
    for (const rule of held) expect(load((image) => image.writeUInt32LE(1, rule + 20))).toBe(STATUS.badPolicy);
  }
});
