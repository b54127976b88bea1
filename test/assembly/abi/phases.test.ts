/** What phases do with bytes: decisions at their borders, bodies beyond what is inspected, responses. */
import { describe, expect, test } from "vitest";
import { Core, STATUS } from "../core.ts";
import { usePolicy } from "../policy-image.ts";
import { ATTACK, ask } from "../requests.ts";

const BORDER = 16_384;

describe("decisions", () => {
  test("fall at every border of the body, not before", () => {
    const core = new Core("checked");
    expect(core.number("DECISION_BYTES")).toBe(BORDER);
    usePolicy(core, { mode: "block" });
    for (const size of [BORDER - 1, BORDER, BORDER + 1]) {
      const handle = core.begin();
      core.pairs("tx_head", handle, [["content-type", "application/x-www-form-urlencoded"]]);
      const body = `a=${ATTACK}&b=`.padEnd(size, "x");
      const status = core.piece("tx_body", handle, Buffer.from(body));
      expect(status, `${size} bytes`).toBe(size >= BORDER ? STATUS.block : STATUS.pass);
      expect(core.end(handle)).toBe(STATUS.block);
      core.free(handle);
    }
  });
});

describe("bodies beyond what is inspected", () => {
  test("end their parser there, however they are cut", () => {
    const core = new Core("checked");
    usePolicy(core, { limits: { inspectBytes: 1500 } });
    const body = Buffer.from(`{"a":"${ATTACK}","b":"${"x".repeat(3000)}<script>alert(1)</script>"}`);
    const answers = new Set<string>();
    for (const cut of [0, 1, 700, 1499, 1500, 1501, 2000]) {
      const handle = core.begin();
      core.pairs("tx_head", handle, [["content-type", "application/json"]]);
      core.piece("tx_body", handle, body.subarray(0, cut));
      core.piece("tx_body", handle, body.subarray(cut));
      core.end(handle);
      answers.add(`${core.line(handle)} ${core.record(handle).toString("hex")}`);
      core.free(handle);
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toMatch(/^block ptrav-[a-z]+@post\.json_doc\.hash\.a /);
  });
});

describe("responses", () => {
  const LEAK = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n";

  function respond(core: Core, pieces: readonly string[]): string {
    const handle = core.begin();
    core.pairs("tx_head", handle, [[":path", "/"]]);
    core.end(handle);
    core.pairs("tx_response_head", handle, [[":status", "200"]]);
    for (const piece of pieces) core.piece("tx_response_body", handle, Buffer.from(piece));
    core.call("tx_response_end")(handle);
    const line = core.line(handle);
    core.free(handle);
    return line;
  }

  test("that show accounts are told of, however they are cut", () => {
    const core = new Core("checked");
    const whole = respond(core, [`<pre>\n${LEAK}</pre>`]);
    expect(whole).toContain("infoleak-accounts@response");
    for (let cut = 1; cut < LEAK.length; cut += 7) {
      expect(respond(core, [`<pre>\n${LEAK.slice(0, cut)}`, `${LEAK.slice(cut)}</pre>`])).toBe(whole);
    }
  });

  test("of any size hold no more than they may", () => {
    const core = new Core("checked");
    const handle = core.begin();
    core.pairs("tx_head", handle, []);
    core.end(handle);
    core.pairs("tx_response_head", handle, [[":status", "200"]]);
    for (let count = 0; count < 30; count++) core.piece("tx_response_body", handle, Buffer.alloc(100_000, 0x61));
    expect(core.call("blocks_used")() * core.number("BLOCK_BYTES")).toBeLessThan(64 * 1024);
    core.call("tx_response_end")(handle);
    core.free(handle);
    expect(core.call("blocks_used")()).toBe(0);
  });
});

test("a request without a body is decided at its end", () => {
  const core = new Core("checked");
  usePolicy(core, { mode: "block" });
  expect(ask(core, { target: `/?a=${ATTACK}` }).statuses).toEqual([STATUS.block, STATUS.block]);
  expect(ask(core, {}).statuses).toEqual([STATUS.pass, STATUS.pass]);
});
