/** The result record: its head, its size, and that asking for it changes nothing. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

test("fields of the head lie where the module says, apart and inside", () => {
  const fields = ["SIZE", "ACTION", "WOULD", "SHADOW", "MODE", "MATCHES", "MATCHES_DROPPED", "LIMITS", "ANOMALIES"];
  const words = [...fields, "INSPECTED", "BODY_BYTES"].map((name) => core.number(`RESULT_${name}`));
  const halves = ["CLIENT_HIGH", "CLIENT_LOW"].map((name) => core.number(`RESULT_${name}`));
  expect(new Set([...words, ...halves]).size).toBe(words.length + halves.length);
  const head = core.number("RESULT_HEAD_BYTES");
  for (const at of words) expect(at + 4).toBeLessThanOrEqual(head);
  for (const at of halves) expect([at % 8, at + 8 <= head]).toEqual([0, true]);
});

test("the record may be asked for at any time, and does not disturb", () => {
  const handle = core.begin("203.0.113.9");
  const records: Buffer[] = [core.record(handle)];
  core.pairs("tx_head", handle, [
    [":path", `/?a=${ATTACK}`],
    ["content-type", "text/plain"],
  ]);
  records.push(core.record(handle), core.record(handle));
  core.piece("tx_body", handle, Buffer.from("hello"));
  core.end(handle);
  records.push(core.record(handle));
  expect(records[1]).toEqual(records[2]);
  expect(records[0]?.length).toBe(core.number("RESULT_HEAD_BYTES"));
  expect(records[3]?.readUInt32LE(core.number("RESULT_BODY_BYTES"))).toBe(5);
  expect(ask(core, { target: `/?a=${ATTACK}`, peer: "203.0.113.9" }).record.length).toBe(records[3]?.length);
  core.free(handle);
});
