/** A host that makes mistakes gets a status, never a trap: wrong handles, wrong order, wrong sizes, broken images. */
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Core, STATUS } from "../test/assembly/core.ts";
import { makeInput } from "./inputs.ts";
import { CALLS, run } from "./operations.ts";
import { check } from "./property.ts";

const SEED = 13;
const RUNS = 1000;
const core = new Core("checked");
const ANY_CALL = [...CALLS, "tx_mask"] as const;
const HEAD_BYTES = 32;

const handles = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(20_000));
const sizes = fc.oneof(fc.nat(4000), fc.constantFrom(core.inputMax, core.inputMax + 1, 2 ** 31, -1));
const garbage = fc.uint8Array({ maxLength: 600 });

test("handles that nobody gave are refused", () => {
  check(
    fc.property(handles, fc.constantFrom(...ANY_CALL), sizes, (handle, call, size) => {
      expect(core.call(call)(handle, size)).toBe(STATUS.badHandle);
      expect([core.call("tx_result")(handle), core.call("tx_line")(handle)]).toEqual([0, 0]);
      expect(core.free(handle)).toBe(STATUS.badHandle);
    }),
    RUNS,
  );
});

test("a handle is worth nothing once it was freed, though its place is used again", () => {
  const old = core.begin();
  core.free(old);
  const next = core.begin();
  expect(next).not.toBe(old);
  expect(core.free(old)).toBe(STATUS.badHandle);
  expect(core.free(next)).toBe(STATUS.pass);
});

test("calls in any order and of any size are answered", () => {
  const calls = fc.array(fc.tuple(fc.constantFrom(...ANY_CALL), sizes, garbage), { maxLength: 12 });
  const known = new Set<number>([STATUS.pass, STATUS.block, STATUS.badPhase, STATUS.malformed, STATUS.limit]);
  check(
    fc.property(calls, (all) => {
      const handle = core.begin("not an address", -1, 77);
      for (const [call, size, bytes] of all) {
        core.give(bytes);
        const status = core.call(call)(handle, size);
        expect(known.has(status)).toBe(true);
        const over = size < 0 || size > core.inputMax;
        if (over && !call.endsWith("_end")) expect(status).toBeGreaterThanOrEqual(STATUS.badHandle);
      }
      expect(core.free(handle)).toBe(STATUS.pass);
      expect([core.call("open_count")(), core.call("blocks_used")()]).toEqual([0, 0]);
    }),
    RUNS,
  );
});

test("sizes above the limit are refused where bytes are due", () => {
  const over = core.inputMax + 1;
  const handle = core.begin();
  expect(core.call("tx_head")(handle, over)).toBe(STATUS.limit);
  expect(core.pairs("tx_head", handle, [[":method", "GET"]])).toBe(STATUS.pass);
  expect(core.call("tx_body")(handle, over)).toBe(STATUS.limit);
  expect(core.call("tx_trailers")(handle, over)).toBe(STATUS.limit);
  expect(core.end(handle)).toBe(STATUS.pass);
  core.free(handle);
  expect(core.call("policy_load")(0, over)).not.toBe(STATUS.pass);
});

/** An image whose checksum is right, so that what lies behind it is read. */
function sealed(sections: number, body: Uint8Array): Buffer {
  const image = Buffer.concat([Buffer.alloc(HEAD_BYTES), body]);
  image.write("MRLN", 0, "latin1");
  image.writeUInt16LE(1, 4);
  image.writeUInt16LE(sections, 6);
  image.writeUInt32LE(image.length, 8);
  image.set([3, 2, 255, 4, 0, 0, 160, 0, 0, 0, 8, 0], 16);
  image.writeUInt32LE(crc32(image.subarray(16)), 12);
  return image;
}

const kind = fc.integer({ min: 0, max: 6 });
const row = fc.tuple(kind, fc.integer({ min: 0, max: 1 }), fc.nat(300), fc.nat(300)).map(([what, skip, at, size]) => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(what, 0);
  bytes.writeUInt16LE(skip, 2);
  bytes.writeUInt32LE(at, 4);
  bytes.writeUInt32LE(size, 8);
  return bytes;
});

test("images of any content are taken or refused, and requests go on", () => {
  let taken = 0;
  check(
    fc.property(fc.array(row, { maxLength: 5 }), garbage, fc.nat(5000), fc.boolean(), (rows, rest, input, shadow) => {
      const image = sealed(rows.length, Buffer.concat([...rows, rest]));
      const status = core.loadPolicy(shadow ? "shadow" : "active", image);
      expect([STATUS.pass, STATUS.badPolicy]).toContain(status);
      if (status === STATUS.pass) taken++;
      run(core, makeInput(SEED, input));
      expect(core.call("verify")()).toBe(STATUS.pass);
    }),
    RUNS,
  );
  expect(taken).toBeGreaterThan(RUNS / 20);
  core.call("policy_clear")(0);
  core.call("policy_clear")(1);
});

test("a damaged image changes nothing", () => {
  const good = sealed(0, Buffer.alloc(0));
  expect(core.loadPolicy("active", good)).toBe(STATUS.pass);
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0x40;
    expect(core.loadPolicy("active", bad), `byte ${at}`).toBe(STATUS.badPolicy);
  }
  expect(core.call("verify")()).toBe(STATUS.pass);
  core.call("policy_clear")(0);
});
