/**
 * Where exports may go: an admin of the console is not one of the network behind it. Names are resolved here, every
 * address is judged, and the connection goes to the very address that was judged, so that a name which changes its mind
 * in between (DNS rebinding) gains nothing. Private networks are allowed by whoever starts Merlon, one by one.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { MerlonError } from "../../core/error.ts";
import { type Network, parseNetwork } from "../../policy/network.ts";
import { hasAddress } from "../../policy/network-text.ts";
import { SinkError } from "./sink.ts";

/** What is not the public Internet: RFC 6890 and its registry. An IPv4 address within IPv6 is judged as IPv4. */
const CLOSED = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/3", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16"],
  ...["3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"],
].map(networkOf);
const NAMES = /(?:^|\.)(?:localhost|internal|local|svc|cluster\.local|localdomain)\.?$/i;

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (typeof network === "string") throw new MerlonError("MERLON_USAGE", `${text} ${network}`);
  return network;
}

/** An address that may be connected to. */
export interface GuardedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Judges where exports may go. */
export class AddressGuard {
  readonly #allowed: readonly Network[];
  readonly #resolve: (host: string) => Promise<readonly GuardedAddress[]>;

  /**
   * @param allowed networks such as 10.0.0.0/8 that are allowed although they are not public
   * @throws MerlonError MERLON_USAGE where one is none
   */
  constructor(allowed: readonly string[], resolve = resolveAll) {
    this.#allowed = allowed.map(networkOf);
    this.#resolve = resolve;
  }

  /** Whether exports may go to an address. */
  allows(address: string): boolean {
    if (isIP(address) === 0) return false;
    const isIn = (network: Network): boolean => hasAddress(network, address);
    return this.#allowed.some(isIn) || !CLOSED.some(isIn);
  }

  /** @returns the address to connect to; @throws SinkError where there is none that is allowed */
  async pick(host: string): Promise<GuardedAddress> {
    const plain = host.replace(/^\[|\]$/g, "");
    const family = isIP(plain);
    if (family === 0 && NAMES.test(plain) && this.#allowed.length === 0) throw refusal();
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
