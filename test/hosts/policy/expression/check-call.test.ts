/** Single calls: texts that stand for addresses, lists that are compared with one value, and what fits nothing. */
import { expect, test } from "vitest";
import { compileExpression } from "../../../../hosts/policy/expression/expression.ts";
import { RECORD_VARIABLES } from "../../../../hosts/policy/expression/variables.ts";

const treeOf = (text: string): unknown => compileExpression(text, RECORD_VARIABLES).ast;

test("a text beside an address becomes one, in lists too", () => {
  const network = { address: 0xffff_0a00_0000n, prefix: 104 };
  expect(treeOf('ip in "10.0.0.0/8"')).toMatchObject({ name: "in", args: [{}, { value: network }] });
  expect(treeOf('ip in ["10.0.0.0/8"]')).toMatchObject({ name: "in", args: [{}, { value: [network] }] });
  expect(treeOf('cidr("10.0.0.0/8").containsIP(ip)')).toMatchObject({ args: [{ value: network }, { name: "ip" }] });
  expect(treeOf('"192.0.2.1" == ip')).toMatchObject({ args: [{ value: 0xffff_c000_0201n }, { name: "ip" }] });
});

test("a list that is compared with one value is asked whether it has it", () => {
  expect(treeOf('type == "sqli"')).toMatchObject({ name: "in", args: [{ value: "sqli" }, { name: "type" }] });
  expect(treeOf('"sqli" != type')).toMatchObject({ name: "!", args: [{ name: "in" }] });
});

test.each([
  ["path.contains(1)", '"contains" does not take string and int'],
  ["size(1) == 1", '"size" does not take int'],
  ["method && path", '"&&" does not take string and string'],
  ["!status", '"!" does not take int'],
  ["ip(path) == ip", "is string — ip takes a text in quotes"],
  ["duration() == now", "takes one text"],
  ['path.matches("a", "b")', '"matches" does not take'],
  ["asn in [1, 2] && asn in [true]", '"in" does not take int and list of bool'],
  ["(status == 1 ? 1 : path) == 1", '"? :" compares int with string'],
])("%s is refused: %s", (text, why) => {
  expect(() => treeOf(text)).toThrow(why);
});
