/** Addresses as text, against Node's own reading of them. */
import { isIPv6, SocketAddress } from "node:net";
import { expect, test } from "vitest";
import { addressText } from "../../../hosts/core/address.ts";

const MAPPED = 0xffff00000000n;

test.each([
  [0n, 0n, ""],
  [0n, 1n, "::1"],
  [0n, MAPPED | 0x7f000001n, "127.0.0.1"],
  [0n, MAPPED | 0xffffffffn, "255.255.255.255"],
  [0x20010db800000000n, 0n, "2001:db8::"],
  [0x20010db800000000n, 1n, "2001:db8::1"],
  [0x20010db800010000n, 0x0000000000010001n, "2001:db8:1::1:1"],
  [0x2001000000010000n, 0x0001000000010001n, "2001:0:1:0:1:0:1:1"],
  [0xfe80000000000000n, 0x0202b3fffe1e8329n, "fe80::202:b3ff:fe1e:8329"],
] as const)("%i and %i are %s", (high, low, text) => {
  expect(addressText(high, low)).toBe(text);
});

test("every address comes back as Node reads it", () => {
  let state = 7n;
  for (let i = 0; i < 500; i++) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
    const low = state >> BigInt(i % 64);
    const text = addressText(0xfd00000000000000n | (state >> 32n), low);
    expect(isIPv6(text)).toBe(true);
    expect(new SocketAddress({ address: text, family: "ipv6" }).address).toBe(text);
  }
});
