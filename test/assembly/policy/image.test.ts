/** Policy images: what the compiler makes is read, whatever else is refused as a whole. */
import { crc32 } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { defaultPolicy, settingsSchema } from "../../../hosts/policy/schema.ts";
import { Core, STATUS } from "../core.ts";
import { usePolicy } from "../policy-image.ts";
import { ATTACK, ask } from "../requests.ts";

let core: Core;

beforeEach(() => {
  core = new Core("checked");
});

/** A good image, changed, with its checksum made right again. */
function changed(change: (image: Buffer) => void): Buffer {
  const policy = settingsSchema.parse({ mode: "block", disable: { stamps: ["ptrav-target"] }, mask: ["secret-name"] });
  const image = Buffer.from(compilePolicy(policy));
  change(image);
  image.writeUInt32LE(crc32(image.subarray(16)), 12);
  return image;
}

test("an image of the compiler is taken, and acts", () => {
  expect(
    core.loadPolicy(
      "active",
      changed(() => {}),
    ),
  ).toBe(STATUS.pass);
  expect(ask(core, { target: `/?a=${ATTACK}` }).record.readUInt32LE(core.number("RESULT_MODE"))).toBe(3);
});

describe("an image is refused", () => {
  const WRONG: readonly (readonly [why: string, change: (image: Buffer) => void])[] = [
    ["with another mark", (image) => image.write("MRLM", 0)],
    ["of no version", (image) => image.writeUInt16LE(0, 4)],
    ["of another version", (image) => image.writeUInt16LE(3, 4)],
    ["that says another size", (image) => image.writeUInt32LE(image.length - 1, 8)],
    ["with an unknown mode", (image) => image.writeUInt8(4, 16)],
    ["with an unknown override", (image) => image.writeUInt8(3, 17)],
    ["with an unknown mode of the console", (image) => image.writeUInt8(4, 18)],
    ["with more sections than it holds", (image) => image.writeUInt16LE(60_000, 6)],
    ["with a section beyond its end", (image) => image.writeUInt32LE(image.length + 1, 36)],
    ["with a section that goes on beyond its end", (image) => image.writeUInt32LE(0xffffffff, 40)],
    ["with a section that it must know and does not", (image) => image.writeUInt16LE(99, 32)],
  ];

  test.each(WRONG)("%s", (_why, change) => {
    expect(core.loadPolicy("active", changed(change))).toBe(STATUS.badPolicy);
    // The built-in one goes on.
    expect(ask(core, {}).record.readUInt32LE(core.number("RESULT_MODE"))).toBe(1);
  });

  test("cut anywhere", () => {
    const image = changed(() => {});
    for (let size = 0; size < image.length; size++) {
      expect(core.loadPolicy("active", image.subarray(0, size))).toBe(STATUS.badPolicy);
    }
  });

  test("with any bit changed", () => {
    const image = changed(() => {});
    for (let bit = 0; bit < image.length * 8; bit += 3) {
      const damaged = Buffer.from(image);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(core.loadPolicy("active", damaged), `bit ${bit}`).toBe(STATUS.badPolicy);
    }
  });

  test("for a slot that is none", () => {
    const image = changed(() => {});
    expect(core.call("policy_load")(2, core.give(image))).toBe(STATUS.badPolicy);
    expect(core.call("policy_clear")(2)).toBe(STATUS.badPolicy);
  });
});

test("a section that nobody knows is skipped where it says that it may be", () => {
  const image = changed((bytes) => {
    bytes.writeUInt16LE(99, 32);
    bytes.writeUInt16LE(1, 34);
  });
  expect(core.loadPolicy("active", image)).toBe(STATUS.pass);
});

test("the built-in policy is the compiler's default, and comes back", () => {
  const limits = defaultPolicy.limits;
  usePolicy(core, { mode: "block" });
  core.call("policy_clear")(0);
  const { record } = ask(core, { method: "POST", body: "x" });
  expect(record.readUInt32LE(core.number("RESULT_MODE"))).toBe(1);
  expect(record.readUInt32LE(core.number("RESULT_INSPECTED"))).toBe(1);
  expect(limits).toEqual({ inspectBytes: 10 * 1024 * 1024, holdBytes: 512 * 1024 });
});

test("body bytes beyond what is inspected are counted and not looked at", () => {
  usePolicy(core, { limits: { inspectBytes: 2048 } });
  const asked = { type: "text/plain", body: `${"x".repeat(2048)} ${ATTACK}` };
  const { line, limits, record } = ask(core, asked);
  expect([line, limits]).toEqual(["pass", ["oversize"]]);
  expect(record.readUInt32LE(core.number("RESULT_INSPECTED"))).toBe(2048);
  expect(record.readUInt32LE(core.number("RESULT_BODY_BYTES"))).toBe(asked.body.length);
  const inside = ask(core, { type: "text/plain", body: `x ${ATTACK}${" ".repeat(3000)}` });
  expect(inside.line).toMatch(/^block/);
});

describe("damage in memory is noticed", () => {
  test("of an image", () => {
    const image = changed(() => {});
    core.loadPolicy("active", image);
    expect(core.call("verify")()).toBe(STATUS.pass);
    // The slot's copy, behind the input buffer's.
    const copy = core.bytes.indexOf(image.subarray(0, 32), core.input + core.inputMax);
    expect(copy).toBeGreaterThan(0);
    core.bytes[copy + 16] = 0;
    expect(core.call("verify")()).toBe(STATUS.corrupt);
  });

  test("of the tables", () => {
    const other = new Core("test");
    const select = other.call("wordPayload");
    expect(select).toBeDefined();
    expect(other.call("verify")()).toBe(STATUS.pass);
    const table = other.number("wordTable");
    other.bytes[table] = (other.bytes[table] ?? 0) ^ 1;
    expect(other.call("verify")()).toBe(STATUS.corrupt);
  });
});
