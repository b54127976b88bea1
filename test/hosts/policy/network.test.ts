/** Networks in CIDR form; that the core reads them the same way is in image.test.ts. */
import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../../hosts/policy/network.ts";

describe("a network", () => {
  test.each([
    { text: "10.0.0.0/8", address: 0xffff_0a00_0000n, prefix: 104 },
    { text: "192.0.2.7", address: 0xffff_c000_0207n, prefix: 128 },
    { text: "0.0.0.0/0", address: 0xffff_0000_0000n, prefix: 96 },
    { text: "::/0", address: 0n, prefix: 0 },
    { text: "::1", address: 1n, prefix: 128 },
    { text: "2001:db8::/32", address: 0x2001_0db8n << 96n, prefix: 32 },
    { text: "2001:DB8:0:1::/64", address: 0x2001_0db8_0000_0001n << 64n, prefix: 64 },
    { text: "1:2:3:4:5:6:7:8", address: 0x0001_0002_0003_0004_0005_0006_0007_0008n, prefix: 128 },
    { text: "::ffff:10.0.0.0/104", address: 0xffff_0a00_0000n, prefix: 104 },
  ])("$text", ({ text, address, prefix }) => {
    expect(parseNetwork(text)).toEqual({ address, prefix });
  });

  test.each([
    { text: "10.0.0.0/33", why: "prefix length from 0 to 32" },
    { text: "2001:db8::/129", why: "prefix length from 0 to 128" },
    { text: "10.0.0.0/", why: "prefix length" },
    { text: "10.0.0.0/8/8", why: "no network" },
    { text: "10.0.0.0/-1", why: "prefix length" },
    { text: "10.0.0.1/8", why: "bits beyond its prefix" },
    { text: "2001:db8::1/32", why: "bits beyond its prefix" },
    { text: "10.0.0", why: "no network" },
    { text: "010.0.0.0/8", why: "no network" },
    { text: "example.com", why: "no network" },
    { text: "fe80::1%eth0", why: "no network" },
    { text: "", why: "no network" },
  ])("is not $text: $why", ({ text, why }) => {
    expect(parseNetwork(text)).toContain(why);
  });
});
