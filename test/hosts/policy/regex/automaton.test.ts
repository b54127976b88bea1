/** Machines: small for what is small, and with one step a byte. */
import { expect, test } from "vitest";
import { automatonOf, DEAD, MATCHED, runAutomaton } from "../../../../hosts/policy/regex/automaton.ts";
import { parsePattern } from "../../../../hosts/policy/regex/parser.ts";

test.each([
  ["abc", 5, "a state a letter, and the two ends"],
  ["^abc$", 6, "the end is one more"],
  ["", 2, "matched before it begins"],
  ["[a-z]+@", 4, "repetition adds none"],
])("%s has %i states: %s", (pattern, states) => {
  const automaton = automatonOf(parsePattern(pattern));
  expect(automaton.stateCount).toBe(states);
  expect(automaton.next).toHaveLength(states * automaton.classCount);
});

test("dead and matched stay what they are", () => {
  const { next, classCount, ends } = automatonOf(parsePattern("^ab"));
  for (const state of [DEAD, MATCHED]) {
    expect([...next.subarray(state * classCount, (state + 1) * classCount)].every((to) => to === state)).toBe(true);
  }
  expect([ends[DEAD], ends[MATCHED]]).toEqual([0, 1]);
});

test("bytes that begin no character count as characters", () => {
  const automaton = automatonOf(parsePattern("^a.b$"));
  expect(runAutomaton(automaton, Buffer.from([0x61, 0x80, 0x62]))).toBe(true);
  expect(runAutomaton(automaton, Buffer.from([0x61, 0xff, 0x62]))).toBe(true);
  expect(runAutomaton(automaton, Buffer.from("a\nb"))).toBe(false);
});
