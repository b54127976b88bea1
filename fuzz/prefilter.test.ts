/** The gates in front of the lexers never hide a match: with all lexers running everywhere, nothing more is found. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Core } from "../test/assembly/core.ts";
import { readExamples, toBytes } from "../test/assembly/detect-data.ts";
import { deliverParts } from "../test/conformance/delivery.ts";
import type { Message } from "../test/conformance/message.ts";
import { FRAGMENTS } from "./fragments.ts";
import { makeInput } from "./inputs.ts";
import { run } from "./operations.ts";
import { PLACES, place } from "./placement.ts";
import { anyValue, check } from "./property.ts";

const SEED = 7;
const INPUTS = 6000;
const RUNS = 1500;
const gated = new Core("test");
const ungated = new Core("test");
ungated.call("detectAll")(1);

function expectSame(message: Message): void {
  const line = deliverParts(gated, message, []).line;
  expect(deliverParts(ungated, message, []).line).toBe(line);
}

test("on values that are attacks or nearly", () => {
  for (const { attacks, misses } of readExamples()) {
    for (const one of [...attacks, ...misses]) for (const where of PLACES) expectSame(place(where, toBytes(one)));
  }
});

test("on any values", () => {
  check(
    fc.property(fc.constantFrom(...PLACES), anyValue(FRAGMENTS), (where, value) => expectSame(place(where, value))),
    RUNS,
  );
});

/** What a line says was found, without the action: all lexers together may reach the limit of work, which stops too. */
function found(line: string): string {
  return line.slice(line.indexOf(" ") + 1 || line.length);
}

test("on generated requests", () => {
  for (let index = 0; index < INPUTS; index++) {
    const operations = makeInput(SEED, index);
    expect(found(run(ungated, operations)), `input ${index} of seed ${SEED}`).toBe(found(run(gated, operations)));
  }
});
