/**
 * Where exports may go: an admin of the console is not one of the network behind it. Names are resolved here, every
 * address is judged, and the connection goes to the very address that was judged, so that a name which changes its mind
 * in between (DNS rebinding) gains nothing. Private networks are allowed by whoever starts Merlon, one by one.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";
import { SinkError } from "./sink.ts";

/** What is not the public Internet: RFC 6890 and its registry, and what turns IPv4 into IPv6. */
const CLOSED: readonly (readonly [network: string, prefix: number])[] = [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
  ] as const),
  ...([
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
  ] as const),
  ...([
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ] as const),
  ...([
    ["::", 96],
    ["::ffff:0:0", 96],
    ["64:ff9b::", 96],
    ["64:ff9b:1::", 48],
    ["100::", 64],
  ] as const),
  ...([
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["3fff::", 20],
    ["5f00::", 16],
  ] as const),
  ...([
    ["fc00::", 7],
    ["fe80::", 10],
    ["fec0::", 10],
    ["ff00::", 8],
  ] as const),
];
const NAMES = /(?:^|\.)(?:localhost|internal|local|svc|cluster\.local|localdomain)\.?$/i;

const closed = new BlockList();
for (const [network, prefix] of CLOSED) closed.addSubnet(network, prefix, isIPv6(network) ? "ipv6" : "ipv4");

/** An address that may be connected to. */
export interface GuardedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Judges where exports may go. */
export class AddressGuard {
  readonly #allowed = new BlockList();
  readonly #hasAllowed: boolean;
  readonly #resolve: (host: string) => Promise<readonly GuardedAddress[]>;

  /** @param allowed networks such as 10.0.0.0/8 that are allowed although they are not public */
  constructor(allowed: readonly string[], resolve = resolveAll) {
    for (const network of allowed) {
      const [address = "", prefix] = network.split("/");
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      this.#allowed.addSubnet(address, Number(prefix ?? (family === "ipv6" ? 128 : 32)), family);
    }
    this.#hasAllowed = allowed.length > 0;
    this.#resolve = resolve;
  }

  /** Whether exports may go to an address. */
  allows(address: string): boolean {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    const family = isIPv6(mapped) ? "ipv6" : "ipv4";
    if (isIP(mapped) === 0) return false;
    return this.#allowed.check(mapped, family) || !closed.check(mapped, family);
  }

  /** @returns the address to connect to; @throws SinkError where there is none that is allowed */
  async pick(host: string): Promise<GuardedAddress> {
    const plain = host.replace(/^\[|\]$/g, "");
    const family = isIP(plain);
    if (family === 0 && NAMES.test(plain) && !this.#hasAllowed) throw refusal();
    const found: readonly GuardedAddress[] =
      family === 0 ? await this.#resolve(plain) : [{ address: plain, family: family === 6 ? 6 : 4 }];
    // One forbidden address among several is a name that plays both sides.
    const [first] = found;
    if (first === undefined) throw new SinkError("the name cannot be resolved — check it");
    if (!found.every(({ address }) => this.allows(address))) throw refusal();
    return first;
  }
}

function refusal(): SinkError {
  const fix = "allow its network with --export-allow when you start the console";
  return new SinkError(`the target is not on the public Internet — ${fix}`);
}

async function resolveAll(host: string): Promise<readonly GuardedAddress[]> {
  const found = await lookup(host, { all: true, verbatim: true }).catch(() => []);
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}
