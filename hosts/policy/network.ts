/** Networks in CIDR form, as 128 bits: the core compares addresses of both versions in one form. */
import { isIP } from "node:net";
import { z } from "zod";
import { addressText } from "../core/address.ts";
import { MerlonError } from "../core/error.ts";

/** A network; IPv4 is mapped into IPv6 (RFC 4291 §2.5.5.2), so a `/8` of IPv4 has `prefix` 104. */
export interface Network {
  readonly address: bigint;
  readonly prefix: number;
}

const ADDRESS_BITS = 128;
const MAPPED_BITS = 96;
const MAPPED = 0xffffn << 32n;

/** A network as policies write it. */
export const networkSchema = z.string().transform((text, context): Network => {
  const parsed = parseNetwork(text.trim());
  if (typeof parsed !== "string") return parsed;
  context.addIssue(`${parsed}; write an address and a prefix length such as 10.0.0.0/8 or 2001:db8::/32`);
  return z.NEVER;
});

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
 * @returns the network, or what is wrong with it as the end of a sentence
 */
export function parseNetwork(text: string): Network | string {
  const [written = "", bits, ...rest] = text.split("/");
  const version = isIP(written);
  if (version === 0 || written.includes("%") || rest.length > 0) return "is no network such as 10.0.0.0/8";
  const widest = version === 4 ? 32 : ADDRESS_BITS;
  const size = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(size <= widest)) return `has no prefix length from 0 to ${widest}`;
  const address = version === 4 ? MAPPED | bitsOfV4(written) : bitsOfV6(written);
  const prefix = version === 4 ? size + MAPPED_BITS : size;
  const hostBits = (1n << BigInt(ADDRESS_BITS - prefix)) - 1n;
  if ((address & hostBits) !== 0n) return "has bits beyond its prefix, so it may not be the network that is meant";
  return { address, prefix };
}

function bitsOfV4(text: string): bigint {
  return text.split(".").reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

/** The text is known to be an address: `isIP` said so. */
function bitsOfV6(text: string): bigint {
  const [left = "", right] = text.split("::");
  const head = groupsOf(left);
  const tail = right === undefined ? [] : groupsOf(right);
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => 0n);
  return [...head, ...gap, ...tail].reduce((bits, group) => (bits << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [BigInt(`0x${group}`)];
    const last = bitsOfV4(group);
    return [last >> 16n, last & 0xffffn];
  });
}

/** @returns a network as people write it; IPv4 without a prefix where it is one address */
export function networkText({ address, prefix }: Network): string {
  const text = addressText(address >> 64n, address & ((1n << 64n) - 1n)) || "::";
  const isV4 = prefix >= MAPPED_BITS && address >> 32n === MAPPED >> 32n;
  const [size, widest] = isV4 ? [prefix - MAPPED_BITS, 32] : [prefix, ADDRESS_BITS];
  return size === widest ? text : `${text}/${size}`;
}

/**
 * Reads one address, as the core has it: two halves, IPv4 mapped into IPv6.
 * @throws MerlonError MERLON_USAGE when it is none
 */
export function addressHalves(text: string): [high: bigint, low: bigint] {
  if (isIP(text) !== 0) {
    const network = parseNetwork(text);
    if (typeof network !== "string") return [network.address >> 64n, network.address & ((1n << 64n) - 1n)];
  }
  const shown = text.replace(/[^ -~]/g, "?").slice(0, 60);
  throw new MerlonError(
    "MERLON_USAGE",
    `"${shown}" is no address — one client is asked about; write one such as 203.0.113.7`,
  );
}

/** Whether an address lies in a network. */
export function isWithin([high, low]: readonly [bigint, bigint], { address, prefix }: Network): boolean {
  return (((high << 64n) | low) ^ address) >> BigInt(ADDRESS_BITS - prefix) === 0n;
}
