/**
 * Lists of sources: networks that are let pass, refused, or watched more closely. They live in the host, which tells
 * the core what a list says of a client; the first list that has the client counts, allow before deny before gray.
 */
import { z } from "zod";
import { dateSchema } from "./date.ts";
import { type Network, networkSchema } from "./network.ts";

/** Lists in the order in which they are asked; an entry's place from 1 on is what the core is told. */
export const LISTS = ["allow", "deny", "gray"] as const;

const ENTRIES_MAX = 100_000;
const REASON_CHARS_MAX = 500;
const ADDRESS_BITS = 128;
const HALF_BITS = 64n;

const entrySchema = z.strictObject({
  cidr: networkSchema,
  /** For ever where it is left out. */
  expiresAt: dateSchema.optional(),
  reason: z.string().max(REASON_CHARS_MAX).optional(),
});

/** `spec` of a WafIPList. */
export const ipListSchema = z.strictObject({
  list: z.enum(LISTS),
  entries: z.array(entrySchema).min(1).max(ENTRIES_MAX),
});

/** A list as a policy file has it. */
export type IpList = z.output<typeof ipListSchema>;

/** An entry as it counts. */
export interface SourceEntry {
  readonly list: (typeof LISTS)[number];
  readonly network: Network;
  /** Seconds since 1970 from which it no longer counts. */
  readonly expiresAt: number;
  readonly reason: string;
  /** Requests whose client it has had. */
  hits: number;
}

/** All entries, to be asked for a client. */
export class Sources {
  /** Entries of each list by their prefix, and then by the network's bits; the longest prefix first. */
  readonly #lists: readonly (readonly (readonly [shift: bigint, networks: ReadonlyMap<bigint, SourceEntry>])[])[];
  readonly entries: readonly SourceEntry[];

  constructor(lists: readonly IpList[]) {
    this.entries = lists.flatMap(({ list, entries }) =>
      entries.map(({ cidr, expiresAt = Number.POSITIVE_INFINITY, reason = "" }): SourceEntry => {
        return { list, network: cidr, expiresAt, reason, hits: 0 };
      }),
    );
    this.#lists = LISTS.map((name) => {
      const byPrefix = new Map<number, Map<bigint, SourceEntry>>();
      for (const entry of this.entries) {
        if (entry.list !== name) continue;
        const { prefix, address } = entry.network;
        const networks = byPrefix.get(prefix) ?? new Map<bigint, SourceEntry>();
        byPrefix.set(prefix, networks);
        const bits = address >> BigInt(ADDRESS_BITS - prefix);
        // Of two for one network the one that stays longer counts.
        if ((networks.get(bits)?.expiresAt ?? 0) < entry.expiresAt) networks.set(bits, entry);
      }
      return [...byPrefix]
        .sort(([a], [b]) => b - a)
        .map(([prefix, networks]) => [BigInt(ADDRESS_BITS - prefix), networks] as const);
    });
  }

  /**
   * Asks the lists for a client and counts the hit.
   * @param high the address as 128 bits, IPv4 mapped into IPv6
   * @returns 0 for a client that no list has, else 1 to 3, see LISTS
   */
  sourceOf(high: bigint, low: bigint, nowSeconds: number): number {
    const address = (high << HALF_BITS) | low;
    for (const [index, prefixes] of this.#lists.entries()) {
      for (const [shift, networks] of prefixes) {
        const entry = networks.get(address >> shift);
        if (entry === undefined || entry.expiresAt <= nowSeconds) continue;
        entry.hits++;
        return index + 1;
      }
    }
    return 0;
  }
}
