/** DEFLATE against the library that everybody has: what zlib wrote is read back, and what zlib refuses is odd here. */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { deliverParts } from "../../conformance/delivery.ts";
import type { Message } from "../../conformance/message.ts";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const FIELDS = [["content-encoding", "deflate"]] as const;
const words = fc.constantFrom("green ", "blue ", "and ", "the ", "quick", "\n", "0123", "\xe9", "x");
const text = fc.oneof(
  fc.array(words, { minLength: 8, maxLength: 4000 }).map((parts) => parts.join("")),
  fc.uint8Array({ minLength: 16, maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  strategy: fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED),
  windowBits: fc.integer({ min: 9, max: 15 }),
});

function messageOf(body: Buffer): Message {
  const fields: Message["fields"] = [["content-type", "text/plain"], ...FIELDS];
  return { method: "POST", target: "/", authority: "shop.example", fields, body, trailers: [] };
}

/** Size and begin of what came out, as the core looked at it; long ones in windows. */
function inflated(body: Buffer): { readonly text: string; readonly end: number } {
  const looked = lookedAt({ method: "POST", type: "text/plain", fields: FIELDS, body });
  const own = looked.filter(({ point, decoders }) => point === "post.gzip" && decoders === "raw");
  return { text: own[0]?.text ?? "", end: Math.max(0, ...own.map(({ offset, size }) => offset + size)) };
}

test("what zlib wrote comes out whole, however it wrote it", () => {
  check(
    fc.property(text, options, (plain, how) => {
      /* A letter in front keeps it from being read as a document. */
      const content = `~${plain}`;
      const body = deflateRawSync(Buffer.from(content, "latin1"), how);
      expect(inflated(body)).toEqual({ text: content.slice(0, 128), end: content.length });
    }),
    150,
  );
});

test("an attack far behind is found, over windows of the stream and of the value", () => {
  const noise = Buffer.from(Array.from({ length: 90_000 }, (_, index) => (index * index * 7919) >> 5));
  const body = deflateRawSync(Buffer.concat([noise, Buffer.from(`\n ${ATTACK} `), noise]));
  expect(ask(core, { method: "POST", type: "text/plain", fields: FIELDS, body }).points).toEqual(["post.gzip"]);
});

test("cuts do not show", () => {
  const plain = `~${"a text with many words that come again, ".repeat(40)}${ATTACK}`;
  for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY]) {
    const message = messageOf(deflateRawSync(plain, { strategy }));
    const whole = deliverParts(core, message, []);
    expect(whole.line).toContain("@post.gzip");
    for (let at = 1; at < message.body.length; at++) {
      expect(deliverParts(core, message, [at]).record.equals(whole.record)).toBe(true);
    }
  }
});

/** Whether zlib takes all of it. */
function isSound(body: Buffer): boolean {
  try {
    inflateRawSync(body);
    return true;
  } catch {
    return false;
  }
}

test("a damaged stream is odd where zlib refuses it, and only there", () => {
  const damage = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 }));
  let broken = 0;
  check(
    fc.property(text, options, damage, (plain, how, [where, byte]) => {
      const body = deflateRawSync(Buffer.from(`~${plain}`, "latin1"), how);
      body[Math.floor(where * (body.length - 1))] = byte;
      const sound = isSound(body);
      if (!sound) broken++;
      const { anomalies } = ask(core, { method: "POST", type: "text/plain", fields: FIELDS, body });
      if (!sound) expect(anomalies).toContain("encoding");
    }),
    300,
  );
  expect(broken).toBeGreaterThan(50);
});

const BROKEN: readonly (readonly [bytes: string, why: string])[] = [
  ["\x07\x00\x00\x00", "a kind of block that does not exist"],
  ["\x01\x05\x00\xfa\xfe", "a stored size that its check denies"],
  ["\x01\x05\x00\xfa\xffab", "a stored block that ends early"],
  ["\x4b\x04\x12\x00\x00", "a copy from before the begin"],
  ["\xfd\xff\xff\xff\xff", "more lengths than there are"],
];

test.each(BROKEN)("%j is odd: %s", (bytes) => {
  const body = Buffer.from(bytes, "latin1");
  expect(isSound(body)).toBe(false);
  expect(ask(core, { method: "POST", type: "text/plain", fields: FIELDS, body }).anomalies).toEqual(["encoding"]);
});

test("nothing is left behind, whole or broken", () => {
  expect(core.call("blocks_used")()).toBe(0);
});
