/** Compiled lists against a plain search through their entries, and bytes that are none. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type IpList, LISTS } from "../../../hosts/policy/ip-list.ts";
import { networkText } from "../../../hosts/policy/network.ts";
import { compileRows } from "../../../hosts/policy/source-rows.ts";
import { SourceTable } from "../../../hosts/policy/source-table.ts";
import { Sources } from "../../../hosts/policy/sources.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? Date.now() % 0xffff_ffff);
const NOW = 1000;
const MAPPED = 0xffffn << 32n;

/** Addresses with few different bits, so that networks nest and neighbour each other. */
const bits = fc.array(fc.constantFrom<bigint[]>(0n, 1n, 0x80n, 0xffn), { minLength: 4, maxLength: 4 });
const v4 = bits.map((octets) => MAPPED | octets.reduce((sum, octet) => (sum << 8n) | octet, 0n));
const v6 = fc.tuple(bits, bits).map(([high, low]) => {
  return (
    ([...high, ...low].reduce((sum, octet) => (sum << 8n) | octet, 0n) << 64n) | low.reduce((a, b) => (a << 8n) | b, 0n)
  );
});
const network = fc
  .oneof(fc.tuple(v4, fc.integer({ min: 96, max: 128 })), fc.tuple(v6, fc.integer({ min: 0, max: 128 })))
  .map(([address, prefix]) => ({ address: (address >> BigInt(128 - prefix)) << BigInt(128 - prefix), prefix }));
const entry = fc.record({
  cidr: network,
  expiresAt: fc.constantFrom(1, NOW, NOW + 1, undefined),
  reason: fc.constantFrom("a", "feed", "ü"),
});
const list = fc.record({ list: fc.constantFrom(...LISTS), entries: fc.array(entry, { minLength: 1, maxLength: 30 }) });

/** What a person would do: the first list that has an entry which holds the address. */
function plainSearch(lists: readonly IpList[], address: bigint): number {
  for (const [index, name] of LISTS.entries()) {
    const entries = lists.filter((one) => one.list === name).flatMap(({ entries: all }) => all);
    const found = entries.some(({ cidr, expiresAt = Number.POSITIVE_INFINITY }) => {
      return cidr !== undefined && expiresAt > NOW && (address ^ cidr.address) >> BigInt(128 - cidr.prefix) === 0n;
    });
    if (found) return index + 1;
  }
  return 0;
}

test("compiled lists say what a plain search says", () => {
  fc.assert(
    fc.property(
      fc.array(list, { maxLength: 4 }),
      fc.array(fc.oneof(v4, v6), { minLength: 8, maxLength: 8 }),
      (lists, asked) => {
        const sources = new Sources(lists.map((one) => new SourceTable(compileRows(one.list, [one]))));
        const networks = lists.flatMap(({ entries }) => entries.map(({ cidr }) => cidr.address));
        for (const address of [...asked, ...networks]) {
          const [high, low] = [address >> 64n, address & ((1n << 64n) - 1n)];
          expect(sources.sourceOf(high, low, NOW), networkText({ address, prefix: 128 })).toBe(
            plainSearch(lists, address),
          );
        }
      },
    ),
    { seed: SEED, numRuns: 1500 },
  );
});

test("an entry says what it is, why and how often it counted", () => {
  const entries = [{ cidr: { address: MAPPED | 0x0a00_0000n, prefix: 104 }, reason: "ours" }, { country: "DE" }];
  const sources = new Sources([new SourceTable(compileRows("gray", [{ list: "gray", entries }]))]);
  for (let times = 0; times < 3; times++) sources.sourceOf(0n, MAPPED | 0x0a01_0203n, NOW);
  expect(sources.hits(5)).toEqual([
    { list: "gray", entry: "10.0.0.0/8", expiresAt: undefined, reason: "ours", hits: 3 },
  ]);
  expect(sources.namesPlaces).toBe(true);
});

test("bytes that are no list are refused, and never read beyond", () => {
  const entries = Array.from({ length: 20 }, (_, at) => ({
    cidr: { address: MAPPED | BigInt(at * 256), prefix: 120 },
  }));
  const rows = compileRows("deny", [{ list: "deny", entries }]);
  for (const size of [0, 10, 24, 60, rows.length - 8]) {
    expect(() => new SourceTable(rows.subarray(0, size))).toThrowError(/damaged/);
  }
  fc.assert(
    fc.property(fc.nat(rows.length - 1), fc.nat(255), (at, byte) => {
      const damaged = Uint8Array.from(rows);
      damaged[at] = byte;
      try {
        const sources = new Sources([new SourceTable(damaged)]);
        for (const low of [0n, MAPPED, MAPPED | 0x500n, (1n << 64n) - 1n]) sources.why(0n, low, NOW);
      } catch (error) {
        expect(error).toMatchObject({ code: "MERLON_POLICY_VERSION" });
      }
    }),
    { seed: SEED, numRuns: 500 },
  );
});
