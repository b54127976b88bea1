/** Networks as people write them, and whether one has an address. */
import { isIP } from "node:net";
import { type Network, parseNetwork } from "./network.ts";

const MAPPED = 0xffffn;
const MAPPED_BITS = 96;
const ADDRESS_BITS = 128;

function groupsText(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    Number((address >> BigInt(112 - at * 16)) & 0xffffn).toString(16),
  );
  // RFC 5952 §4.2: the longest run of zero groups, the first of several, is left out; a single one is not.
  const text = groups.join(":");
  const runs = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`(?:^|:)${longest}(?:$|:)`));
  const head = text.slice(0, at).replace(/:$/, "");
  const from = at + longest.length + (at === 0 ? 0 : 1);
  return `${head}::${text.slice(from).replace(/^:/, "")}`;
}

/** @returns a network in its one form: without its length where it is one address */
export function networkText({ address, prefix }: Network): string {
  const isV4 = prefix >= MAPPED_BITS && address >> 32n === MAPPED;
  const octets = [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join(".");
  const [text, size, all] = isV4 ? [octets, prefix - MAPPED_BITS, 32] : [groupsText(address), prefix, ADDRESS_BITS];
  return size === all ? text : `${text}/${size}`;
}

/** Whether a network has an address; what is none is in no network. */
export function hasAddress({ address, prefix }: Network, text: string): boolean {
  const plain = text.split("%", 1)[0] ?? "";
  if (isIP(plain) === 0) return false;
  const parsed = parseNetwork(plain);
  if (typeof parsed === "string") return false;
  const shift = BigInt(ADDRESS_BITS - prefix);
  return parsed.address >> shift === address >> shift;
}
