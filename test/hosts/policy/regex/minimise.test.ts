/** Making small changes no answer. */
import { expect, test } from "vitest";
import { type Automaton, runAutomaton } from "../../../../hosts/policy/regex/automaton.ts";
import { minimise } from "../../../../hosts/policy/regex/minimise.ts";

/* Finds "a" then "b"; states 3 and 4 are the same, and so are the classes of c and d. */
const classes = new Uint8Array(256);
for (const [index, letter] of [..."abcd"].entries()) classes[letter.charCodeAt(0)] = index + 1;
const MACHINE: Automaton = {
  classes,
  classCount: 5,
  stateCount: 5,
  start: 2,
  next: Uint16Array.from([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 2, 2, 2, 2, 4, 1, 2, 2, 2, 3, 1, 2, 2]),
  ends: Uint8Array.from([0, 1, 0, 0, 0]),
};

test("equal states and classes become one, and the answers stay", () => {
  const small = minimise(MACHINE);
  expect([small.stateCount, small.classCount]).toEqual([4, 3]);
  for (const text of ["", "ab", "aab", "acb", "xaab", "aaaa", "ba"]) {
    expect(runAutomaton(small, Buffer.from(text)), text).toBe(runAutomaton(MACHINE, Buffer.from(text)));
  }
});
