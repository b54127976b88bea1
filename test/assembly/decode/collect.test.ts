/** Values that come in pieces: complete or not, short or long, held only as long as they are needed. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";

const core = new Core("checked");
const block = core.number("BLOCK_BYTES");
const window = core.number("VALUE_BYTES_MAX");

/** Opens a request with a text body. */
function open(): number {
  const handle = core.begin();
  core.pairs("tx_head", handle, [["content-type", "text/plain"]]);
  return handle;
}

test("a value that never ends holds one window and no more", () => {
  const handle = open();
  const piece = Buffer.alloc(10_000, 0x78);
  const held: number[] = [];
  for (let count = 0; count < 40; count++) {
    core.piece("tx_body", handle, piece);
    held.push(core.call("blocks_used")());
  }
  // The transaction's own block, a window, and the second reading's window until the body is too long for one.
  expect(Math.max(...held) * block).toBeLessThanOrEqual(2 * window + 4 * block);
  expect((held.at(-1) ?? 0) * block).toBeLessThanOrEqual(2 * window + 4 * block);
  core.end(handle);
  expect(core.call("blocks_used")()).toBeLessThanOrEqual(2);
  core.free(handle);
});

describe("an attack across pieces", () => {
  test.each([1, 2, 3, 5, 7, 11])("of %i bytes is found whole", (size) => {
    const body = Buffer.from(`some text <script>alert(1)</script> and more`);
    const handle = open();
    for (let at = 0; at < body.length; at += size) core.piece("tx_body", handle, body.subarray(at, at + size));
    core.end(handle);
    expect(core.line(handle)).toMatch(/xss-script@post raw\[10,\d+\]/);
    core.free(handle);
  });
});

test("pieces of nothing change nothing", () => {
  const handle = open();
  for (const text of ["", "../../", "", "../../etc/passwd", ""]) core.piece("tx_body", handle, Buffer.from(text));
  core.end(handle);
  expect(core.line(handle)).toContain("@post raw[0,22]");
  core.free(handle);
});
