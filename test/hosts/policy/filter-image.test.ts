/**
 * Lists in the image for Envoy's filter: the core's answer is that of Node's tables for every address, and what has no
 * room is counted.
 */
import { describe, expect, test } from "vitest";
import { compileBundle } from "../../../hosts/policy/bundle.ts";
import { filterImage, LISTS_BYTES_MAX } from "../../../hosts/policy/filter-image.ts";
import type { IpList } from "../../../hosts/policy/ip-list.ts";
import { parseNetwork } from "../../../hosts/policy/network.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { sourcesOf } from "../../../hosts/policy/sources.ts";
import { createRandom, pick, type Random } from "../../bench/random.ts";
import { HostStandIn } from "../dataplane/envoy/host-stand-in.ts";

const SEED = 61;
const ROOT_CONTEXT = 1;
const NOW = Math.floor(Date.now() / 1000);
const NAMES = [undefined, "allow", "deny", "gray"];

function listOf(list: IpList["list"], ...networks: (readonly [cidr: string, expiresAt?: number])[]): IpList {
  const entries = networks.map(([text, expiresAt]) => {
    const cidr = parseNetwork(text);
    if (typeof cidr === "string") throw new Error(`${text} ${cidr}`);
    return expiresAt === undefined ? { cidr } : { cidr, expiresAt };
  });
  return { list, entries };
}

/** A filter with a policy of these lists, in mode block. */
function filterWith(ipLists: readonly IpList[]): HostStandIn {
  const { image } = filterImage(compileBundle({ ...defaultPolicy, mode: "block", ipLists: [...ipLists] }));
  const host = new HostStandIn();
  host.configuration = Buffer.from(JSON.stringify({ policy: Buffer.from(image).toString("base64") }));
  host.call("proxy_on_context_create", ROOT_CONTEXT, 0);
  expect(host.call("proxy_on_configure", ROOT_CONTEXT, host.configuration.length), host.logs.join()).toBe(1);
  return host;
}

/** What the filter's record says of a client that attacks; undefined for no list. */
function listIn(host: HostStandIn, context: number, address: string): string | undefined {
  host.peer = address;
  host.stream = {
    head: [
      [":method", "GET"],
      [":path", "/?id=1%27%20UNION%20SELECT%20a,b%20FROM%20c--%20"],
      [":authority", "a"],
      [":scheme", "http"],
    ],
    trailers: [],
    request: Buffer.alloc(0),
    response: Buffer.alloc(0),
  };
  host.records.length = 0;
  host.call("proxy_on_context_create", context, ROOT_CONTEXT);
  host.call("proxy_on_request_headers", context, 4, 1);
  host.call("proxy_on_log", context);
  host.call("proxy_on_delete", context);
  const found = /"list":"(\w+)"/.exec(host.records.at(-1) ?? "")?.[1];
  return found === "none" ? undefined : found;
}

function halves(address: string): [bigint, bigint] {
  const network = parseNetwork(address);
  if (typeof network === "string") throw new Error(network);
  return [network.address >> 64n, network.address & ((1n << 64n) - 1n)];
}

function randomV4(random: Random): string {
  return [10, pick(random, [0, 1, 2, 255]), pick(random, [0, 1, 128, 255]), pick(random, [0, 1, 7, 64, 255])].join(".");
}

function randomV6(random: Random): string {
  const group = (): string => pick(random, ["0", "1", "8000", "ffff"]);
  return `2001:db8:${group()}:${group()}:${group()}:0:0:${group()}`;
}

/** An address with the bits beyond a prefix cleared. */
function networkAt(text: string, prefix: number): string {
  const isV4 = !text.includes(":");
  const [high, low] = halves(text);
  const bits = isV4 ? 32 - prefix : 128 - prefix;
  const address = ((((high << 64n) | low) >> BigInt(bits)) << BigInt(bits)) & ((1n << 128n) - 1n);
  if (isV4) return `${[24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".")}/${prefix}`;
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt((7 - index) * 16)) & 0xffffn).toString(16),
  );
  return `${groups.join(":")}/${prefix}`;
}

describe("lists in the filter's image", () => {
  test("say of every address what Node's tables say", () => {
    const random = createRandom(SEED);
    for (let round = 0; round < 12; round++) {
      const lists = (["allow", "deny", "gray", "deny"] as const).map((name) =>
        listOf(
          name,
          ...Array.from({ length: 12 }, (): [string, number?] => {
            const isV4 = random(2) === 0;
            const prefix = pick(random, isV4 ? [8, 9, 16, 17, 24, 30, 31, 32] : [0, 32, 33, 48, 64, 65, 127, 128]);
            const network = networkAt(isV4 ? randomV4(random) : randomV6(random), prefix);
            return pick(random, [[network], [network, NOW + 3600], [network, NOW - 3600]] as const) as [
              string,
              number?,
            ];
          }),
        ),
      );
      const host = filterWith(lists);
      const tables = sourcesOf(lists);
      for (let index = 0; index < 60; index++) {
        const address = random(2) === 0 ? randomV4(random) : randomV6(random);
        const [high, low] = halves(address);
        const context = 100 + index;
        const peer = address.includes(":") ? `[${address}]:4711` : `${address}:4711`;
        const why = `seed ${SEED}, round ${round}, ${address}`;
        expect(listIn(host, context, peer), why).toBe(NAMES[tables.sourceOf(high, low, NOW)]);
      }
    }
  });

  test("let pass whom allow has, and refuse whom deny has without an attack", () => {
    const host = filterWith([listOf("allow", ["203.0.113.7"]), listOf("deny", ["203.0.113.0/24"])]);
    expect(listIn(host, 2, "203.0.113.7:1")).toBe("allow");
    expect(host.answers).toEqual([]);
    expect(listIn(host, 3, "203.0.113.8:1")).toBe("deny");
    expect(host.answers.map(({ status }) => status)).toEqual([403]);
    expect(listIn(host, 4, "198.51.100.1:1")).toBeUndefined();
  });

  test("keep the largest networks where there is no room for all, and say how many are left out", () => {
    const cidr = (index: number) => ({ cidr: { address: 0xffff0a000000n + BigInt(index), prefix: 128 } });
    const many: IpList = { list: "deny", entries: Array.from({ length: 250_000 }, (_, index) => cidr(index)) };
    const lists = [many, listOf("deny", ["192.0.2.0/24"])];
    const bundle = compileBundle({ ...defaultPolicy, mode: "block", ipLists: lists });
    const { image, leftOut } = filterImage(bundle);
    expect(image.length).toBeLessThan(LISTS_BYTES_MAX + 4096);
    expect(250_001 - leftOut).toBe(Math.floor((LISTS_BYTES_MAX - 28) / 12));
    const host = filterWith(lists);
    expect(host.gauges.get("merlon.policy.entries_left_out")).toBe(leftOut);
    expect(listIn(host, 2, "192.0.2.9:1")).toBe("deny");
  });

  test("leave out what a network around it says already, and count countries as left out", () => {
    const inner = Array.from({ length: 100 }, (_, index): [string] => [`10.0.0.${index}`]);
    const lists: IpList[] = [
      listOf("deny", ["10.0.0.0/8"], ...inner, ["10.9.0.0/16", NOW + 60]),
      { list: "gray", entries: [{ country: "DE" }, { asn: 64500 }] },
    ];
    const plain = filterImage(compileBundle({ ...defaultPolicy, ipLists: [] }));
    const { image, leftOut } = filterImage(compileBundle({ ...defaultPolicy, ipLists: lists }));
    expect(leftOut).toBe(2);
    expect(image.length - plain.image.length).toBe(12 + 28 + 12);
  });

  test("name the policy by its hash", () => {
    const bundle = compileBundle({ ...defaultPolicy, mode: "block" });
    const host = filterWith([]);
    listIn(host, 2, "203.0.113.8:1");
    expect(JSON.parse(host.records.at(-1) ?? "{}")).toMatchObject({ policy: bundle.hash });
    expect(host.gauges.get("merlon.policy.hash")).toBe(Number.parseInt(bundle.hash.slice(0, 12), 16));
  });
});
