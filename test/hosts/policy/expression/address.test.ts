/** Addresses of expressions: both versions in one form, and no network holds an address of the other version. */
import { expect, test } from "vitest";
import { isInside, isV4, networkOf, parseAddress, prefixLength } from "../../../../hosts/policy/expression/address.ts";
import { type Network, parseNetwork } from "../../../../hosts/policy/network.ts";

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (typeof parsed === "string") throw new TypeError(parsed);
  return parsed;
}

test.each([
  ["192.0.2.1", 0xffff_c000_0201n, true],
  ["::ffff:192.0.2.1", 0xffff_c000_0201n, true],
  ["::1", 1n, false],
  ["192.0.2.1/32", undefined, false],
  ["192.0.2", undefined, false],
  ["fe80::1%eth0", undefined, false],
])("%s is read as %s", (text, address, v4) => {
  expect(parseAddress(text)).toBe(address);
  if (address !== undefined) expect(isV4(address)).toBe(v4);
});

test.each([
  ["10.1.2.3", "10.0.0.0/8", true],
  ["10.1.2.3", "0.0.0.0/0", true],
  ["10.1.2.3", "::/0", false],
  ["2001:db8::1", "2001:db8::/32", true],
  ["2001:db9::1", "2001:db8::/32", false],
  ["::1", "0.0.0.0/0", false],
])("%s in %s: %s", (address, whole, inside) => {
  expect(isInside(networkOf(parseAddress(address) ?? 0n), network(whole))).toBe(inside);
});

test("a network is in itself and not in a smaller one", () => {
  expect(isInside(network("10.0.0.0/8"), network("10.0.0.0/8"))).toBe(true);
  expect(isInside(network("10.0.0.0/8"), network("10.0.0.0/9"))).toBe(false);
  expect([prefixLength(network("10.0.0.0/8")), prefixLength(network("2001:db8::/32"))]).toEqual([8, 32]);
});
