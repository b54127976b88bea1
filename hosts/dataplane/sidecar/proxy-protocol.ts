/**
 * Reads PROXY protocol headers, version 1 (text) and 2 (binary), which a load balancer sends ahead of everything else
 * to say who the client is. Pure: bytes in, one of four answers out.
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
import { isIPv4, isIPv6 } from "node:net";

/** Longest header that is read: version 1 needs 107 bytes, version 2 may carry extensions. */
export const PROXY_HEADER_BYTES_MAX = 1024;

const V1_BYTES_MAX = 107;
const V1_START = Buffer.from("PROXY ");
const V2_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_HEAD_SIZE = 16;

/**
 * `absent`: the bytes are no PROXY header. `partial`: they may become one. `invalid`: they are a broken one.
 * `client` is null where the sender speaks for itself (health checks: LOCAL, UNKNOWN).
 */
export type ProxyHeader =
  | { readonly kind: "absent" | "partial" | "invalid" }
  | { readonly kind: "header"; readonly size: number; readonly client: string | null };

const ABSENT: ProxyHeader = { kind: "absent" };
const PARTIAL: ProxyHeader = { kind: "partial" };
const INVALID: ProxyHeader = { kind: "invalid" };

/** Reads a header at the start of `bytes`. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, V1_START)) return bytes.length < V1_START.length ? PARTIAL : readVersion1(bytes);
  if (startsLike(bytes, V2_START)) return bytes.length < V2_HEAD_SIZE ? PARTIAL : readVersion2(bytes);
  return ABSENT;
}

/** Whether the bytes that are there agree with `start`, as far as both go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const size = Math.min(bytes.length, start.length);
  return size > 0 && bytes.compare(start, 0, size, 0, size) === 0;
}

function readVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf("\r\n");
  if (end < 0) return bytes.length < V1_BYTES_MAX ? PARTIAL : INVALID;
  const size = end + 2;
  const words = bytes.toString("latin1", 0, end).split(" ");
  if (words[1] === "UNKNOWN") return { kind: "header", size, client: null };
  const [, protocol, source = "", target = "", sourcePort = "", targetPort = ""] = words;
  const isAddress = protocol === "TCP4" ? isIPv4 : protocol === "TCP6" ? isIPv6 : () => false;
  const valid =
    words.length === 6 && isAddress(source) && isAddress(target) && isPort(sourcePort) && isPort(targetPort);
  return valid ? { kind: "header", size, client: source } : INVALID;
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

function readVersion2(bytes: Buffer): ProxyHeader {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  const size = V2_HEAD_SIZE + length;
  if (command >> 4 !== 2 || (command & 15) > 1 || size > PROXY_HEADER_BYTES_MAX) return INVALID;
  if (bytes.length < size) return PARTIAL;
  if ((command & 15) === 0) return { kind: "header", size, client: null };
  if (family >> 4 === 1 && length >= 12) return { kind: "header", size, client: ipv4At(bytes, V2_HEAD_SIZE) };
  if (family >> 4 === 2 && length >= 36) return { kind: "header", size, client: ipv6At(bytes, V2_HEAD_SIZE) };
  // Unix sockets and unspecified families carry no address that could be used.
  return family >> 4 === 1 || family >> 4 === 2 ? INVALID : { kind: "header", size, client: null };
}

function ipv4At(bytes: Buffer, at: number): string {
  return `${bytes.readUInt8(at)}.${bytes.readUInt8(at + 1)}.${bytes.readUInt8(at + 2)}.${bytes.readUInt8(at + 3)}`;
}

function ipv6At(bytes: Buffer, at: number): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(at + i).toString(16));
  // The URL parser writes the one shortest form of RFC 5952.
  return plainAddress(new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1));
}

/** Text form of a peer without the IPv4-in-IPv6 wrapping that dual-stack sockets add. */
export function plainAddress(address: string): string {
  if (!address.startsWith("::ffff:")) return address;
  const inner = address.slice(7);
  if (isIPv4(inner)) return inner;
  const [high = "", low = ""] = inner.split(":");
  const value = Number.parseInt(high, 16) * 65536 + Number.parseInt(low, 16);
  return Number.isNaN(value) ? address : [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

/** Whether an address is the machine itself. */
export function isLoopback(address: string): boolean {
  return address === "::1" || (address.startsWith("127.") && isIPv4(address));
}
