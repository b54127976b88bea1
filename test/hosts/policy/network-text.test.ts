/** Networks as text: one form for each, and addresses in them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../../hosts/policy/network.ts";
import { hasAddress, networkText } from "../../../hosts/policy/network-text.ts";

function networkOf(text: string): { address: bigint; prefix: number } {
  const network = parseNetwork(text);
  if (typeof network === "string") throw new Error(network);
  return network;
}

describe("a network", () => {
  test.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7/32", "203.0.113.7"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::/0", "::/0"],
    ["::1", "::1"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:2:0:0:3", "1::2:2:0:0:3"],
    ["fe80::", "fe80::"],
  ])("%s is written %s", (written, text) => expect(networkText(networkOf(written))).toBe(text));

  test("is read again as it was, whatever it is", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(128), (address, prefix) => {
        const shift = BigInt(128 - prefix);
        const network = { address: (address >> shift) << shift, prefix };
        expect(networkOf(networkText(network))).toEqual(network);
      }),
    );
  });
});

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.0.0.0/8", "::ffff:10.0.0.1", true],
  ["2001:db8::/32", "2001:db8:1::1", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["::/0", "10.0.0.1", true],
  ["0.0.0.0/0", "::1", false],
  ["0.0.0.0/0", "unknown", false],
])("%s has %s: %j", (network, address, has) => expect(hasAddress(networkOf(network), address)).toBe(has));
