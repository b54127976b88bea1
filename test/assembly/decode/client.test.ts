/** Addresses against Node's own reading, and the client behind trusted proxies. */
import { isIP, isIPv4, SocketAddress } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { addressText } from "../../../hosts/core/address.ts";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { settingsSchema } from "../../../hosts/policy/schema.ts";
import { Core } from "../core.ts";
import { ask } from "../requests.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const core = new Core("test");

afterEach(() => void core.call("policy_clear")(0));

/** @returns the address in its shortest text form, or null where the core reads none */
function read(text: string): string | null {
  const good = core.call("readAddress")(put(core, bytesOf(text)), text.length);
  dropAll(core);
  if (good === 0) return null;
  // All zeros are the engine's word for "unknown".
  const shown = addressText(core.big("addressHigh"), core.big("addressLow"));
  return shown === "" ? "::" : shown;
}

function canonical(text: string): string {
  return isIPv4(text) ? text : new SocketAddress({ address: text, family: "ipv6" }).address;
}

const FORMS: readonly (readonly [text: string, address: string | null, why: string])[] = [
  ["192.0.2.1", "192.0.2.1", "dotted decimal"],
  ["192.0.2.1:8080", "192.0.2.1", "with a port"],
  [" 192.0.2.1\t", "192.0.2.1", "white space around"],
  ["2001:db8::1", "2001:db8::1", "RFC 4291"],
  ["[2001:db8::1]:443", "2001:db8::1", "brackets and a port"],
  ["fe80::1%eth0", "fe80::1", "a zone"],
  ["::ffff:192.0.2.1", "192.0.2.1", "IPv4 mapped"],
  ["::", "::", "all zeros"],
  ["1::", "1::", "zeros at the end"],
  ["256.0.0.1", null, "a part too large"],
  ["1.2.3", null, "a part missing"],
  ["1.2.3.4.5", null, "a part too many"],
  ["1.2.3.1234", null, "a part too long"],
  ["1:2:3:4:5:6:7", null, "a group missing"],
  ["1:2:3:4:5:6:7:8:9", null, "a group too many"],
  ["1::2::3", null, "two gaps"],
  ["12345::", null, "a group too long"],
  ["1:2:3:4:5:6:7:", null, "a colon at the end"],
  ["[::1", null, "no closing bracket"],
  ["unknown", null, "RFC 7239's word"],
  ["_hidden", null, "RFC 7239's obfuscated name"],
  ["", null, "nothing"],
];

test.each(FORMS)("%j is %j: %s", (text, address) => {
  expect(read(text)).toBe(address === null ? null : canonical(address));
});

test("all addresses are read group by group", () => {
  check(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      expect(read(text)).not.toBeNull();
      expect((core.big("addressHigh") << 64n) | core.big("addressLow")).toBe(numberOf(text));
    }),
    1000,
  );
});

/** The 128 bits of an address, IPv4 mapped into IPv6. */
function numberOf(text: string): bigint {
  const dotted = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before = "", after = ""] = (isIPv4(text) ? `::ffff:${dotted}` : dotted).split("::");
  const groups = (part: string): string[] => part.split(":").filter((group) => group !== "");
  const gap = Array.from({ length: 8 - groups(before).length - groups(after).length }, () => "0");
  const all = [...groups(before), ...gap, ...groups(after)];
  return all.reduce((value, group) => (value << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}

test("what Node takes for no address is none", () => {
  check(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789abcdef::.."), maxLength: 24 }), (text) => {
      const withPort = /^\d+\.\d+\.\d+\.\d+:\w*$/.test(text);
      // Leading zeros in dotted decimal, which Node refuses, are read as decimal.
      if (isIP(text) === 0 && !withPort && !/(?:^|[.:])0\d/.test(text)) expect(read(text)).toBeNull();
    }),
    1000,
  );
});

describe("the client", () => {
  const HOPS: readonly (readonly [forwarded: string | null, peer: string, client: string, why: string])[] = [
    [null, "10.0.0.9", "10.0.0.9", "no header"],
    ["198.51.100.7", "203.0.113.5", "203.0.113.5", "a peer that nobody trusts"],
    ["198.51.100.7", "10.0.0.9", "198.51.100.7", "one hop behind a trusted proxy"],
    ["1.1.1.1, 198.51.100.7", "10.0.0.9", "198.51.100.7", "what stands left of it could be anyone's"],
    ["198.51.100.7, 10.0.0.1, 10.0.0.2", "10.0.0.9", "198.51.100.7", "a chain of trusted proxies"],
    ["10.0.0.1, 10.0.0.2", "10.0.0.9", "10.0.0.1", "nothing but trusted ones"],
    ["nonsense, 10.0.0.2", "10.0.0.9", "10.0.0.2", "the last one that is an address"],
    ["nonsense", "10.0.0.9", "10.0.0.9", "none that is an address"],
    ["", "10.0.0.9", "10.0.0.9", "an empty header"],
    ["2001:db8::7", "fd00::1", "2001:db8::7", "IPv6"],
    ["[2001:db8::7]:1234, ::ffff:10.0.0.1", "fd00::1", "2001:db8::7", "IPv4 mapped into a trusted network"],
    ["198.51.100.7:5555", "10.0.0.9", "198.51.100.7", "a port"],
  ];

  test.each(HOPS)("of %j from %s is %s: %s", (forwarded, peer, client) => {
    const policy = settingsSchema.parse({ clientIP: { trustedCIDRs: ["10.0.0.0/8", "fd00::/8"] } });
    expect(core.loadPolicy("active", compilePolicy(policy))).toBe(0);
    const { record } = ask(core, { peer, fields: forwarded === null ? [] : [["x-forwarded-for", forwarded]] });
    expect(clientOf(record)).toBe(canonical(client));
  });

  test("of two headers is read from both, joined", () => {
    const policy = settingsSchema.parse({ clientIP: { trustedCIDRs: ["10.0.0.0/8"] } });
    core.loadPolicy("active", compilePolicy(policy));
    const fields = [
      ["x-forwarded-for", "198.51.100.7"],
      ["X-Forwarded-For", "10.0.0.1"],
    ] as const;
    expect(clientOf(ask(core, { peer: "10.0.0.9", fields }).record)).toBe("198.51.100.7");
  });

  test("is the peer without a policy that trusts anyone", () => {
    const { record } = ask(core, { peer: "127.0.0.1", fields: [["x-forwarded-for", "198.51.100.7"]] });
    expect(clientOf(record)).toBe("127.0.0.1");
  });
});

function clientOf(record: Buffer): string {
  return addressText(
    record.readBigUInt64LE(core.number("RESULT_CLIENT_HIGH")),
    record.readBigUInt64LE(core.number("RESULT_CLIENT_LOW")),
  );
}
