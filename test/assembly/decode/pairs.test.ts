/** Blocks of header pairs: what their format says is read, everything else is refused. */
import { beforeEach, describe, expect, test } from "vitest";
import { Core, encodePairs, type Pair } from "../core.ts";
import { put } from "../scratch.ts";

const core = new Core("test");

beforeEach(() => {
  core.call("arenaReset")();
  // Limits are noted with a transaction.
  core.call("enter_transaction")(core.begin());
});

function read(block: Uint8Array): boolean {
  return core.call("pairsRead")(put(core, block), block.length) === 1;
}

/** The canonical value of a name, or null. */
function joined(name: string, cookie = false): string | null {
  for (let index = 0; index < core.call("fieldCount")(); index++) {
    const field = core.call("fieldIn")(index);
    const at = core.bytes.readUInt32LE(field);
    if (core.bytes.toString("latin1", at, at + core.bytes.readUInt32LE(field + 4)).toLowerCase() !== name) continue;
    const size = core.call("joinedValue")(field, cookie ? 1 : 0);
    const from = core.number("joinedAt");
    return core.bytes.toString("latin1", from, from + size);
  }
  return null;
}

const FIELDS: readonly Pair[] = [
  ["host", "a"],
  ["X-A", "1"],
  ["cookie", "c=1"],
  ["x-a", "2"],
  ["Cookie", "d=2"],
  ["", ""],
  ["x-b", ""],
  ["X-a", "3"],
];

describe("a block", () => {
  test("gives its fields in order, values of one name joined", () => {
    expect(read(encodePairs(FIELDS))).toBe(true);
    expect(core.call("fieldCount")()).toBe(FIELDS.length);
    expect(joined("x-a")).toBe("1,2,3");
    expect(joined("cookie", true)).toBe("c=1; d=2");
    expect([joined("host"), joined("x-b"), joined("")]).toEqual(["a", "", ""]);
    expect(joined("x-c")).toBeNull();
  });

  test("of no pairs, or of nothing, is a head without fields", () => {
    expect(read(encodePairs([]))).toBe(true);
    expect(read(Buffer.alloc(0))).toBe(true);
    expect(core.call("fieldCount")()).toBe(0);
  });

  test("cut anywhere is refused, and leaves no field", () => {
    const block = encodePairs(FIELDS);
    for (let size = 1; size < block.length; size++) {
      expect(read(block.subarray(0, size)), `${size} of ${block.length} bytes`).toBe(false);
      expect(core.call("fieldCount")()).toBe(0);
      core.call("arenaReset")();
    }
  });

  test.each([0xffffffff, 0x80000000, 0x7fffffff, 1000])("that says %i is refused, wherever it says so", (lie) => {
    for (const at of [0, 4, 8, 12]) {
      const block = encodePairs([
        ["x-a", "b"],
        ["x-b", "c"],
      ]);
      block.writeUInt32LE(lie, at);
      expect(read(block)).toBe(false);
    }
  });
});

test("more fields than are looked at are counted as a limit", () => {
  const most = core.number("HEADERS_MAX");
  const handle = core.begin();
  const many = (count: number): Pair[] => Array.from({ length: count }, (_, index) => [`x-${index}`, "v"]);
  core.pairs("tx_head", handle, many(most));
  expect(core.names(core.record(handle), "RESULT_LIMITS")).toEqual([]);
  const other = core.begin();
  core.pairs("tx_head", other, many(most + 1));
  expect(core.names(core.record(other), "RESULT_LIMITS")).toEqual(["headers"]);
});
