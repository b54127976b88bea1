/** Addresses and networks of expressions: 128 bits, IPv4 mapped into IPv6, as the core and the policy have them. */
import { type Network, parseNetwork } from "../network.ts";

const ADDRESS_BITS = 128;
const MAPPED_PREFIX = 0xffffn << 32n;
const V4_BITS = 32n;

/** Whether an address is one of IPv4. */
export function isV4(address: bigint): boolean {
  return address >> V4_BITS === MAPPED_PREFIX >> V4_BITS;
}

/** @returns the address of a text, or undefined where it is none */
export function parseAddress(text: string): bigint | undefined {
  if (text.includes("/")) return undefined;
  const network = parseNetwork(text);
  return typeof network === "string" ? undefined : network.address;
}

/** The network that is one address. */
export function networkOf(address: bigint): Network {
  return { address, prefix: ADDRESS_BITS };
}

/**
 * Whether one network lies in another: not across versions, so that `::/0` holds no IPv4, as in Kubernetes.
 * Networks that are single addresses have a prefix of 128.
 */
export function isInside(inner: Network, outer: Network): boolean {
  if (isV4Network(inner) !== isV4Network(outer) || inner.prefix < outer.prefix) return false;
  return (inner.address ^ outer.address) >> BigInt(ADDRESS_BITS - outer.prefix) === 0n;
}

/** Bits of the network's prefix as people write it. */
export function prefixLength(network: Network): number {
  return isV4Network(network) ? network.prefix - 96 : network.prefix;
}

function isV4Network({ address, prefix }: Network): boolean {
  return prefix >= 96 && isV4(address);
}
