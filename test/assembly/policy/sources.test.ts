/**
 * Lists in an image as the core checks them: what could lead a search out of its rows is refused, and what is taken can
 * be searched. That answers are right is shown in test/hosts/policy/filter-image.test.ts.
 */
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { compileBundle } from "../../../hosts/policy/bundle.ts";
import { filterImage } from "../../../hosts/policy/filter-image.ts";
import { parseNetwork } from "../../../hosts/policy/network.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { createRandom } from "../../bench/random.ts";
import { HostStandIn } from "../../hosts/dataplane/envoy/host-stand-in.ts";

const SEED = 83;
const CIDRS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.1.1", "192.0.2.0/24", "2001:db8::/32", "2001:db8:1::/48"];
const entries = CIDRS.flatMap((text, index) => {
  const cidr = parseNetwork(text);
  // Networks within networks are kept where they stay longer.
  return typeof cidr === "string" ? [] : [{ cidr, expiresAt: 2_000_000_000 + index }];
});
const IMAGE = filterImage(
  compileBundle({ ...defaultPolicy, mode: "block", ipLists: [{ list: "deny", entries }] }),
).image;
/** Sections of an image are in their order; the lists are the last but one. */
const ROW = 32 + (Buffer.from(IMAGE).readUInt16LE(6) - 2) * 12;
const AT = Buffer.from(IMAGE).readUInt32LE(ROW + 4);
const HEAD = 28;

/** The image with one change, and a checksum that fits. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(IMAGE);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(16)), 12);
  return bytes;
}

const engine = Engine.load();

function isTaken(image: Buffer): boolean {
  try {
    engine.loadPolicy("shadow", image);
    return true;
  } catch {
    return false;
  }
}

test("an image is what the test thinks", () => {
  expect(Buffer.from(IMAGE).readUInt16LE(ROW)).toBe(20);
  expect([0, 4, 8, 12, 16, 20, 24].map((at) => Buffer.from(IMAGE).readUInt32LE(AT + at))).toEqual([
    0, 0, 0, 4, 2, 0, 0,
  ]);
  expect(isTaken(changed(() => {}))).toBe(true);
});

test.each<[string, (bytes: Buffer) => void]>([
  ["more rows than there are", (bytes) => bytes.writeUInt32LE(5, AT + 12)],
  ["fewer rows than there are", (bytes) => bytes.writeUInt32LE(3, AT + 12)],
  ["a number of rows that overflows", (bytes) => bytes.writeUInt32LE(0x80000000, AT + 4)],
  ["a prefix that is too long", (bytes) => bytes.writeUInt8(33, AT + HEAD + 8)],
  ["bits beyond a prefix", (bytes) => bytes.writeUInt32LE(0x0a000001, AT + HEAD)],
  ["a row around it that is itself", (bytes) => bytes.writeUInt32LE((1 << 8) | 8, AT + HEAD + 8)],
  ["a row around it that comes later", (bytes) => bytes.writeUInt32LE((4 << 8) | 16, AT + HEAD + 12 + 8)],
  ["no order", (bytes) => bytes.writeUInt32LE(0xc1000000, AT + HEAD)],
  ["a prefix of IPv6 that is too long", (bytes) => bytes.writeUInt8(129, AT + HEAD + 4 * 12 + 20)],
  ["a size that is no list's", (bytes) => bytes.writeUInt32LE(HEAD - 4, ROW + 8)],
])("%s is refused", (_name, change) => {
  expect(isTaken(changed(change))).toBe(false);
});

test("whatever is taken can be searched", () => {
  const random = createRandom(SEED);
  let taken = 0;
  for (let round = 0; round < 400; round++) {
    const image = changed((bytes) => {
      const size = bytes.readUInt32LE(ROW + 8);
      for (let i = random(3); i >= 0; i--) bytes[AT + 4 + random(size - 4)] = random(256);
    });
    const host = new HostStandIn();
    host.configuration = Buffer.from(JSON.stringify({ policy: image.toString("base64") }));
    host.call("proxy_on_context_create", 1, 0);
    if (host.call("proxy_on_configure", 1, host.configuration.length) === 0) continue;
    taken++;
    for (const peer of ["10.1.1.1:1", "192.0.2.1:1", "255.255.255.255:1", "[2001:db8:1::1]:1", "[::]:1"]) {
      host.peer = peer;
      host.stream = {
        head: [
          [":method", "GET"],
          [":path", "/"],
          [":authority", "a"],
          [":scheme", "http"],
        ],
        trailers: [],
        request: Buffer.alloc(0),
        response: Buffer.alloc(0),
      };
      host.call("proxy_on_context_create", 2, 1);
      host.call("proxy_on_request_headers", 2, 4, 1);
      host.call("proxy_on_delete", 2);
    }
  }
  expect(taken, `seed ${SEED}`).toBeGreaterThan(20);
});
