/** The checked build's map of memory: what is marked is allowed, and only that; copies are checked as a whole. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";

const REQUEST = Buffer.from(`GET /?${"a".repeat(200)}=1 HTTP/1.1\r\nHost: a\r\n\r\n`);
/** Inside the request, away from the edge that each call marks. */
const INSIDE = 150;
const FORBIDDEN = 0;
const ALLOWED = 1;
const PADDING = 2;

/** Delivers a request to a core in which one byte of the input has that state. */
function deliverOver(state: number): void {
  const core = new Core("checked");
  const handle = core.begin();
  core.give(REQUEST);
  core.call("guard_mark")(core.input + INSIDE, 1, state);
  core.call("tx_raw")(handle, REQUEST.length);
}

describe("a byte of the input", () => {
  test("that is forbidden stops the core", () => {
    expect(() => deliverOver(FORBIDDEN)).toThrow("unreachable");
  });

  test("that is padding is no value", () => {
    expect(() => deliverOver(PADDING)).toThrow("unreachable");
  });

  test("that is allowed is read", () => {
    expect(() => deliverOver(ALLOWED)).not.toThrow();
  });
});

test("behind what a call gave nothing is read, though the buffer goes on", () => {
  const core = new Core("checked");
  const handle = core.begin();
  core.piece("tx_raw", handle, REQUEST);
  const range = core.call("guard_range");
  expect(() => range(core.input, REQUEST.length)).not.toThrow();
  expect(() => range(core.input, REQUEST.length + 1)).toThrow("unreachable");
  core.piece("tx_raw", handle, Buffer.alloc(100, 0x41));
  expect(() => range(core.input, 100)).not.toThrow();
});

test("memory that no map covers is nobody's", () => {
  const core = new Core("checked");
  expect(() => core.call("guard_range")(2 ** 27, 1)).toThrow();
  expect(() => core.call("guard_mark")(2 ** 27 - 1, 2, ALLOWED)).toThrow();
});
