/** Parked memory: blocks from one list that grows in groups, is reused and is capped. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";

const BLOCKS_MAX_BYTES = 96 * 1024 * 1024;

test("blocks do not touch, and one given back is the next given out", () => {
  const core = new Core("test");
  const size = core.number("BLOCK_BYTES");
  const blocks = Array.from({ length: 50 }, () => core.call("blockAlloc")()).sort((a, b) => a - b);
  expect(core.call("blocks_used")()).toBe(50);
  for (const [index, block] of blocks.entries()) {
    expect(block).toBeGreaterThan(0);
    if (index > 0) expect(block - (blocks[index - 1] ?? 0)).toBeGreaterThanOrEqual(size);
  }
  const reserved = core.call("memory_reserved")();
  for (const block of blocks) core.call("blockFree")(block);
  expect(core.call("blocks_used")()).toBe(0);
  expect(core.call("blockAlloc")()).toBe(blocks.at(-1));
  for (let count = 1; count < 50; count++) core.call("blockAlloc")();
  expect(core.call("memory_reserved")()).toBe(reserved);
});

test("at the cap there is none, transactions are refused, and all goes on when one is free again", () => {
  const core = new Core("test");
  const most = core.number("BLOCKS_MAX");
  expect(most * core.number("BLOCK_BYTES")).toBe(BLOCKS_MAX_BYTES);
  const blocks: number[] = [];
  for (let block = core.call("blockAlloc")(); block !== 0; block = core.call("blockAlloc")()) blocks.push(block);
  expect(blocks).toHaveLength(most);
  expect(core.begin()).toBe(0);
  core.call("blockFree")(blocks.pop() ?? 0);
  const handle = core.begin();
  expect(handle).not.toBe(0);
  // Its head finds no block for what it holds: the limit is said, nothing traps.
  core.pairs("tx_head", handle, [
    [":method", "POST"],
    [":path", "/?a=../../../../etc/passwd"],
  ]);
  core.piece("tx_body", handle, Buffer.from("a=1&b=2"));
  core.end(handle);
  expect(core.names(core.record(handle), "RESULT_LIMITS")).toContain("memory");
  core.free(handle);
});
