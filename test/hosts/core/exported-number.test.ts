/** Exported numbers: constants are read once, everything else stays what it is. */
import { expect, test } from "vitest";
import { numberOf, plainNumbers } from "../../../hosts/core/exported-number.ts";

test("a constant is read once, and keeps its shape", () => {
  let reads = 0;
  const counted = {
    get value(): number {
      reads++;
      return 7;
    },
  };
  const call = (): number => 1;
  const members = { PASS: counted };
  const plain = new Map(Object.entries(plainNumbers({ RESULT_MODE: counted, memory: counted, call, Status: members })));
  expect([numberOf(plain.get("RESULT_MODE")), numberOf(plain.get("RESULT_MODE")), reads]).toEqual([7, 7, 1]);
  expect([plain.get("memory"), plain.get("call"), plain.get("Status")]).toEqual([counted, call, members]);
  expect([numberOf(counted), numberOf(3), numberOf("x")]).toEqual([7, 3, Number.NaN]);
});
