/** The compiled form of lists: the same bytes for the same entries, and what a change of one of them changes. */
import { expect, test } from "vitest";
import type { ListEntry } from "../../../hosts/policy/ip-list.ts";
import { compileRows, countryKey, ROWS_HEAD_BYTES } from "../../../hosts/policy/source-rows.ts";
import { SourceTable } from "../../../hosts/policy/source-table.ts";

function net(last: number, expiresAt?: number): ListEntry {
  const cidr = { address: (0xffffn << 32n) | BigInt(last), prefix: 128 };
  return { cidr, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

test("the order in the file makes no other bytes", () => {
  const [a, b, c] = [net(1), net(2, 9), { country: "DE" }];
  const rows = compileRows("deny", [{ list: "deny", entries: [a, b, c] }]);
  expect(compileRows("deny", [{ list: "deny", entries: [c, b, a] }])).toEqual(rows);
  expect(
    compileRows("deny", [
      { list: "deny", entries: [c] },
      { list: "deny", entries: [b, a] },
    ]),
  ).toEqual(rows);
  expect(compileRows("gray", [{ list: "gray", entries: [a, b, c] }])).not.toEqual(rows);
});

test("of two entries for one subject the longer one stays", () => {
  const entries = [net(1, 5), net(1, 9), net(1, 7), { asn: 7, expiresAt: 3 }, { asn: 7 }];
  const table = new SourceTable(compileRows("deny", [{ list: "deny", entries }]));
  expect([table.size, table.row(0).expiresAt, table.row(1).expiresAt]).toEqual([2, 9, undefined]);
});

test("an empty list is its head and one text", () => {
  expect(compileRows("allow", []).length).toBe(ROWS_HEAD_BYTES + 4);
  expect(countryKey("DE")).not.toBe(countryKey("ED"));
});
