/** Tables of an image: every reference out of them is refused, wherever it stands. */
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { Core, STATUS } from "../core.ts";
import { policyOf } from "../policy-image.ts";

const core = new Core("checked");
const HEAD_BYTES = 32;
const SECTION_BYTES = 12;

const IMAGE = Buffer.from(
  compilePolicy(
    policyOf(
      {},
      {
        scopes: [
          {
            match: { host: "a.x", method: "GET", path: "/a/*" },
            mode: "block",
            mask: ["n"],
            blockPage: { html: "<p>" },
          },
        ],
        exceptions: [{ match: { path: "/a/**", point: "query.a" }, ignore: { types: ["xss"] } }],
      },
    ),
  ),
);

/** Where a section of a kind lies. */
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

test("the image of these tests is a good one, with every section", () => {
  expect(load(() => {})).toBe(STATUS.pass);
  for (const kind of [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]) expect(placeOf(kind).size).toBeGreaterThan(0);
});

/** Kind of the section, bytes of a row, and the numbers in it that refer to something. */
const REFERENCES: readonly (readonly [name: string, kind: number, fields: readonly number[]])[] = [
  ["a host", 6, [4, 8, 12]],
  ["a node", 7, [0, 4, 8, 12, 16, 20, 24, 28, 32]],
  ["an edge", 8, [4, 8, 12]],
  ["a route", 9, [0, 4, 8]],
  ["a scope", 10, [0, 4, 8, 12, 16]],
  ["an exception", 12, [4, 8]],
  ["a page", 14, [8, 12, 16, 20]],
];

test.each(REFERENCES.flatMap(([name, kind, fields]) => fields.map((field) => [name, kind, field] as const)))(
  "%s in section %i that refers beyond by its bytes %i is refused",
  (_name, kind, field) => {
    const { at } = placeOf(kind);
    expect(load((image) => image.writeUInt32LE(0xffff_ffff, at + field))).toBe(STATUS.badPolicy);
    expect(load((image) => image.writeUInt32LE(IMAGE.length, at + field))).toBe(STATUS.badPolicy);
  },
);

test.each([
  ["a mode", 4, 4],
  ["an override", 5, 3],
  ["a console's mode", 6, 4],
  ["a page", 24, 200],
])("settings with %s that there is not are refused", (_what, field, value) => {
  const { at } = placeOf(11);
  expect(load((image) => image.writeUInt8(value, at + field))).toBe(STATUS.badPolicy);
});

test("rows that are cut are refused, and the policy before goes on", () => {
  for (let row = HEAD_BYTES; row < HEAD_BYTES + IMAGE.readUInt16LE(6) * SECTION_BYTES; row += SECTION_BYTES) {
    if (IMAGE.readUInt16LE(row) === 5) continue;
    expect(load((image) => image.writeUInt32LE(IMAGE.readUInt32LE(row + 8) - 1, row + 8))).toBe(STATUS.badPolicy);
  }
  expect(core.call("verify")()).toBe(STATUS.pass);
});

test("pieces that have no place in their image are refused", () => {
  const stage = core.call("policy_stage");
  expect(stage(2, 100, 0, core.give(IMAGE.subarray(0, 50)))).toBe(STATUS.badPolicy);
  expect(stage(0, 100, 60, core.give(IMAGE.subarray(0, 50)))).toBe(STATUS.badPolicy);
  expect(stage(0, 100, 101, 0)).toBe(STATUS.badPolicy);
  expect(stage(0, core.number("POLICY_BYTES_MAX") + 1, 0, 0)).toBe(STATUS.badPolicy);
  expect(core.call("policy_commit")(0, core.number("POLICY_BYTES_MAX"))).toBe(STATUS.badPolicy);
  for (let at = 0; at < IMAGE.length; at += 100) {
    const piece = IMAGE.subarray(at, at + 100);
    expect(stage(0, IMAGE.length, at, core.give(piece))).toBe(STATUS.pass);
  }
  expect(core.call("policy_commit")(0, IMAGE.length)).toBe(STATUS.pass);
});
