/** Tables of rules: every number that leads out of them is refused, wherever it stands. */
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { Core, STATUS } from "../../core.ts";
import { policyOf } from "../../policy-image.ts";

const core = new Core("checked");
const HEAD_BYTES = 32;
const SECTION_BYTES = 12;
const when = 'path == "/a" && point["query.a"].exists(v, v == "x") && body.contains("y") && ip in "10.0.0.0/8"';
const IMAGE = Buffer.from(compilePolicy(policyOf({}, { rules: [{ name: "r", when, type: "rce" }] })));
/** Bytes of rows, and the places in them of numbers that refer to something or must be one of a few. */
const TABLES: readonly (readonly [name: string, kind: number, rowBytes: number, fields: readonly number[]])[] = [
  ["a rule", 15, 36, [0, 4, 8, 12, 16]],
  ["a subject", 16, 36, [0, 4, 8, 12, 16]],
  ["a term", 17, 28, [0, 24]],
];

function placeOf(kind: number): { at: number; size: number } {
  for (let row = HEAD_BYTES; row < HEAD_BYTES + IMAGE.readUInt16LE(6) * SECTION_BYTES; row += SECTION_BYTES) {
    if (IMAGE.readUInt16LE(row) === kind) return { at: IMAGE.readUInt32LE(row + 4), size: IMAGE.readUInt32LE(row + 8) };
  }
  throw new Error(`no section ${kind}`);
}

function load(change: (image: Buffer) => void): number {
  const image = Buffer.from(IMAGE);
  change(image);
  image.writeUInt32LE(crc32(image.subarray(16)), 12);
  return core.loadPolicy("active", image);
}

test("the image of these tests is a good one, with every table", () => {
  expect(load(() => {})).toBe(STATUS.pass);
  for (const kind of [15, 16, 17, 18, 19]) expect(placeOf(kind).size).toBeGreaterThan(0);
});

test.each(TABLES.flatMap(([name, kind, rowBytes, fields]) => fields.map((field) => ({ name, kind, rowBytes, field }))))(
  "the number at $field of $name that leads nowhere is refused",
  ({ kind, rowBytes, field }) => {
    const { at, size } = placeOf(kind);
    for (let row = at; row < at + size; row += rowBytes) {
      expect(load((image) => image.writeUInt32LE(0x7fffffff, row + field))).toBe(STATUS.badPolicy);
    }
  },
);

test.each([
  ["a flag that there is not", 64],
  ["a body that there is not", 32],
  ["a threshold that there is no bit for", 16],
])("a rule with %s is refused", (_why, flags) => {
  const { at } = placeOf(15);
  // The stamp's hash is no number of a threshold.
  expect(load((image) => image.writeUInt32LE(flags, at + 28))).toBe(STATUS.badPolicy);
});

test.each([
  ["a step that there is not", 9],
  ["a step without its values", 3],
  ["two answers", 1],
])("a program with %s is refused", (_why, step) => {
  const { at } = placeOf(18);
  expect(load((image) => image.writeUInt8(step, at))).toBe(STATUS.badPolicy);
});

test.each([
  ["states", 0],
  ["classes", 4],
  ["a start", 8],
])("a machine with %s beyond its bytes is refused", (_what, field) => {
  const { at } = placeOf(19);
  expect(load((image) => image.writeUInt32LE(0xffff, at + field))).toBe(STATUS.badPolicy);
});

test("a machine that leads to a state or class that there is not is refused", () => {
  const { at } = placeOf(19);
  expect(load((image) => image.writeUInt8(255, at + 12))).toBe(STATUS.badPolicy);
  expect(load((image) => image.writeUInt16LE(9999, at + 12 + 256))).toBe(STATUS.badPolicy);
});
