/** The calls of a host, in their order and out of it; damage by wrong use is in fuzz/abi.test.ts. */
import { describe, expect, test } from "vitest";
import { type Build, Core, encodePairs, STATUS } from "../core.ts";

const PAIRS = encodePairs([[":method", "GET"]]);
const CALLS = {
  raw: "tx_raw",
  head: "tx_head",
  body: "tx_body",
  trailers: "tx_trailers",
  end: "tx_end",
  responseHead: "tx_response_head",
  responseBody: "tx_response_body",
  responseEnd: "tx_response_end",
} as const;
type Name = keyof typeof CALLS;

/** The order in which calls come, and which are then out of order. */
const ORDERS: readonly (readonly [before: readonly Name[], wrong: readonly Name[]])[] = [
  [[], ["body", "trailers", "responseBody", "responseEnd"]],
  [["head"], ["head", "raw", "responseBody", "responseEnd"]],
  [
    ["head", "body", "trailers", "body"],
    ["head", "raw"],
  ],
  [
    ["head", "end"],
    ["head", "body", "trailers", "raw", "responseBody"],
  ],
  [["raw"], ["head", "body", "trailers", "responseHead"]],
  [
    ["raw", "end"],
    ["raw", "head", "body"],
  ],
  [
    ["head", "end", "responseHead"],
    ["head", "body", "end", "responseHead", "raw"],
  ],
  [
    ["head", "end", "responseHead", "responseBody", "responseEnd"],
    ["responseHead", "responseBody", "responseEnd", "end"],
  ],
];

describe.each(["release", "checked"] as Build[])("in the %s build", (build) => {
  const core = new Core(build);
  const call = (handle: number, name: Name): number =>
    core.call(CALLS[name])(handle, core.give(/head|trailers/i.test(name) ? PAIRS : Buffer.from("x")));

  test.each(ORDERS)("after %j the calls %j are out of order", (before, wrong) => {
    for (const name of wrong) {
      const handle = core.begin();
      for (const good of before) expect(call(handle, good), good).toBe(STATUS.pass);
      const record = core.record(handle);
      expect(call(handle, name), name).toBe(STATUS.badPhase);
      expect(core.record(handle)).toEqual(record);
      core.free(handle);
    }
  });
});

test("an end may come twice", () => {
  const core = new Core("release");
  const handle = core.begin();
  core.pairs("tx_head", handle, []);
  expect([core.end(handle), core.end(handle)]).toEqual([STATUS.pass, STATUS.pass]);
  core.free(handle);
});

test("texts and numbers of the module are there, and lists as long as what they name", () => {
  const core = new Core("release");
  expect(core.number("ABI_VERSION")).toBe(1);
  expect(core.text(1).split(" ")).toHaveLength(14);
  expect(new Set(core.text(2).split(" ")).size).toBe(core.text(2).split(" ").length);
  expect(core.text(3).split(" ")[0]).toBe("raw");
  expect(core.call("text_size")(99)).toBe(core.call("text_size")(0));
});
