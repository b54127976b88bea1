/** The head of a result, read: written by hand here, and by the real core in engine.test.ts and policy/threshold. */
import { expect, test } from "vitest";
import { readSettings, readStanding } from "../../../hosts/core/request-record.ts";

const LAYOUT = {
  RESULT_APPLICATION: { value: 0 },
  RESULT_PAGE: { value: 4 },
  RESULT_HOLD_BYTES: { value: 8 },
  RESULT_FAILURES: { value: 12 },
  RESULT_MODE: { value: 16 },
  RESULT_CLIENT_HIGH: { value: 24 },
  RESULT_CLIENT_LOW: { value: 32 },
  RESULT_COUNTED: { value: 40 },
};
const AT = 8;

function record(...words: readonly number[]): Buffer {
  const view = Buffer.alloc(AT + 48);
  for (const [index, word] of words.entries()) view.writeUInt32LE(word, AT + index * 4);
  return view;
}

test.each([
  [0, "open", "open"],
  [4, "closed", "open"],
  [8, "open", "closed"],
  [15, "closed", "closed"],
])("failures %i are overlimit %s and oversize %s", (failures, overlimit, oversize) => {
  expect(readSettings(LAYOUT, record(7, 2, 4096, failures), AT, 2)).toEqual({
    ...{ application: 7, page: 2, holdBytes: 4096, list: "deny" },
    failure: { overlimit, oversize },
  });
});

test("a standing has both halves of the thresholds, and is read again when they change", () => {
  const view = record(7, 0, 0, 0, 3, 0, 1, 0, 0xc000_0201, 0xffff, 0x8000_0001, 0xffff_ffff);
  const first = readStanding(LAYOUT, view, AT, 3, null);
  expect(first).toEqual({
    ...{ mode: "block", application: 7, list: "gray", clientHigh: 1n, clientLow: 0xffff_c000_0201n },
    counted: [0x8000_0001, 0xffff_ffff],
  });
  expect(readStanding(LAYOUT, view, AT, 3, first)).toBe(first);
  view.writeUInt32LE(1, AT + 40);
  expect(readStanding(LAYOUT, view, AT, 3, first).counted).toEqual([1, 0xffff_ffff]);
});
