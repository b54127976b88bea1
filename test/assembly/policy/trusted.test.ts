/** Trusted networks: their borders, of both families, at every prefix length. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { parseNetwork } from "../../../hosts/policy/network.ts";
import { Core } from "../core.ts";
import { usePolicy } from "../policy-image.ts";

const core = new Core("test");
const HALF = 64n;
const LOW = (1n << HALF) - 1n;

function isTrusted(address: bigint): boolean {
  return core.call("is_trusted")(BigInt.asIntN(64, address >> HALF), BigInt.asIntN(64, address & LOW)) !== 0;
}

function numberOf(text: string): bigint {
  const network = parseNetwork(text);
  if (typeof network === "string") throw new Error(network);
  return network.address;
}

test("without a network nobody is trusted", () => {
  expect(isTrusted(numberOf("127.0.0.1/32"))).toBe(false);
});

test.each(Array.from({ length: 129 }, (_, prefix) => prefix))("first and last of a /%i", (prefix) => {
  const size = 1n << BigInt(128 - prefix);
  const first = (numberOf("2001:db8:1234:5678:9abc:def0:1357:9bdf/128") / size) * size;
  const text = first
    .toString(16)
    .padStart(32, "0")
    .replace(/(.{4})(?!$)/g, "$1:");
  usePolicy(core, { clientIP: { trustedCIDRs: [`${text}/${prefix}`] } });
  expect([isTrusted(first), isTrusted(first + size - 1n)]).toEqual([true, true]);
  if (prefix > 0) expect([isTrusted(first - 1n), isTrusted(first + size)]).toEqual([false, false]);
});

test("addresses in one of several networks", () => {
  const networks = ["10.0.0.0/8", "192.168.4.0/22", "203.0.113.7/32", "fd00::/8"];
  usePolicy(core, { clientIP: { trustedCIDRs: networks } });
  const inside = (address: number): boolean =>
    address >>> 24 === 10 || address >>> 10 === 0xc0a804 >>> 2 || address === 0xcb007107;
  check(
    fc.property(
      fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0x0a000000, 0xc0a80400, 0xc0a807ff, 0xc0a80800, 0xcb007107)),
      (v4) => {
        const address = v4 >>> 0;
        expect(isTrusted((0xffffn << 32n) | BigInt(address))).toBe(inside(address));
      },
    ),
    1000,
  );
  expect(isTrusted(numberOf("fd12::1/128"))).toBe(true);
  expect(isTrusted(numberOf("fe00::1/128"))).toBe(false);
});
