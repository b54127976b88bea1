/** Transactions: handles that are never the same twice, places that are used again, an end to their number. */
import { expect, test } from "vitest";
import { Core, STATUS } from "../core.ts";

test("handles are never 0 and never those of open or freed transactions", () => {
  const core = new Core("test");
  const known = new Set<number>();
  const open: number[] = [];
  for (let count = 0; count < 3000; count++) {
    const handle = core.begin();
    expect(handle).not.toBe(0);
    expect(known.has(handle)).toBe(false);
    known.add(handle);
    open.push(handle);
    if (count % 3 > 0) core.free(open.splice((count * 7) % open.length, 1)[0] ?? 0);
  }
  expect(core.call("open_count")()).toBe(open.length);
  for (const handle of open) expect(core.free(handle)).toBe(STATUS.pass);
  expect(core.call("blocks_used")()).toBe(0);
});

test("a place whose generations have all been used still gives handles", () => {
  const core = new Core("test");
  let last = 0;
  for (let count = 0; count < 2 ** 18 + 3; count++) {
    last = core.call("tx_begin")(0, 0, 0);
    if (last === 0) break;
    core.call("tx_free")(last);
  }
  expect(last).not.toBe(0);
});

test("there are as many at once as the limit says, and then none until one is freed", () => {
  const core = new Core("test");
  const most = core.number("TRANSACTIONS_MAX");
  const handles: number[] = [];
  for (let handle = core.begin(); handle !== 0; handle = core.begin()) handles.push(handle);
  expect(handles).toHaveLength(most);
  core.free(handles[most >> 1] ?? 0);
  expect(core.begin()).not.toBe(0);
  expect(core.begin()).toBe(0);
});

test("a new transaction remembers nothing of the one before in its place", () => {
  const core = new Core("test");
  const ask = (fields: readonly (readonly [string, string])[]): string => {
    const handle = core.begin();
    core.pairs("tx_head", handle, fields);
    core.piece("tx_body", handle, Buffer.from('{"a":"../../../../etc/passwd'));
    core.end(handle);
    const answer = `${core.line(handle)} ${core.record(handle).toString("hex")}`;
    core.free(handle);
    return answer;
  };
  const alone = ask([["content-type", "text/plain"]]);
  ask([
    [":path", "/?a=<script>alert(1)</script>"],
    ["content-type", "application/json"],
  ]);
  expect(ask([["content-type", "text/plain"]])).toBe(alone);
});
