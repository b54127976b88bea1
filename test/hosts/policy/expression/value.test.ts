/** Values that hosts hold, as expressions see them; what does not fit is missing. */
import { expect, test } from "vitest";
import type { Type } from "../../../../hosts/policy/expression/ast.ts";
import {
  BOOL,
  DURATION,
  INT,
  IP,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
} from "../../../../hosts/policy/expression/schema.ts";
import { type Plain, toValue } from "../../../../hosts/policy/expression/value.ts";

const ROWS: readonly (readonly [Type, Plain, unknown])[] = [
  [BOOL, true, true],
  [BOOL, "true", false],
  [INT, 4.9, 4n],
  [INT, 7n, 7n],
  [INT, Number.NaN, 0n],
  [INT, 1e300, 0n],
  [STRING, "a", "a"],
  [STRING, 1, ""],
  [STRING, null, ""],
  [TIMESTAMP, new Date(5), 5_000_000n],
  [TIMESTAMP, 5, 5_000_000n],
  [TIMESTAMP, "1970-01-01T00:00:01Z", 1_000_000_000n],
  [TIMESTAMP, "soon", 0n],
  [DURATION, 1.5, 1_500_000_000n],
  [IP, "192.0.2.1", 0xffff_c000_0201n],
  [IP, "unix:", null],
  [listOf(INT), [1, "a"], [1n, 0n]],
  [listOf(INT), "a", []],
  [mapOf(STRING), { a: "b", c: undefined }, new Map([["a", "b"]])],
  [mapOf(listOf(STRING)), new Map([["a", ["b"]]]), new Map([["a", ["b"]]])],
  [mapOf(STRING), ["a"], new Map()],
];

test.each(ROWS.map((row, index) => [index, ...row] as const))("row %i", (_index, type, plain, value) => {
  expect(toValue(type, plain)).toEqual(value);
});
