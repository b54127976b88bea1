/** An attack is caught however it is encoded: what a back end undoes, the core undoes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Core } from "../test/assembly/core.ts";
import { readExamples, toBytes } from "../test/assembly/detect-data.ts";
import { createRandom } from "../test/bench/random.ts";
import { deliverParts } from "../test/conformance/delivery.ts";
import {
  base64,
  base64url,
  compressed,
  doublePercent,
  type Encoding,
  jsonEscapes,
  percent,
  scriptEscapes,
  serialized,
  token,
} from "./encodings.ts";
import { type PlaceName, place } from "./placement.ts";
import { check } from "./property.ts";

const RUNS = 400;
/** Shorter values are not taken for base64: too many words would be. */
const BASE64_BYTES_MIN = 12;
const core = new Core("release");
const places: readonly PlaceName[] = ["query", "form", "json"];

function isBlocked(where: PlaceName, value: string): boolean {
  return deliverParts(core, place(where, value), []).line.startsWith("block");
}

/** Attacks of plain ASCII, not encoded themselves, that are caught as they are in each of the places. */
const ATTACKS = readExamples()
  .flatMap(({ attacks }) => attacks)
  .filter((one) => one.place === undefined)
  .map(toBytes)
  .filter((value) => /^[\t\n\r -$'-~]+$/.test(value) && places.every((where) => isBlocked(where, value)));

test("there are attacks to encode", () => {
  expect(ATTACKS.length).toBeGreaterThan(50);
});

const CASES: readonly { readonly name: string; readonly encoding: Encoding; readonly base64?: boolean }[] = [
  { name: "percent escapes", encoding: percent },
  { name: "percent escapes twice", encoding: doublePercent },
  { name: "base64", encoding: base64, base64: true },
  { name: "base64url", encoding: base64url, base64: true },
  { name: "a compressed value", encoding: (value, random) => percent(compressed(value, random), random) },
  { name: "a token", encoding: token },
  { name: "an array of PHP", encoding: (value, random) => percent(serialized(value, random), random) },
  { name: "escapes of JSON", encoding: jsonEscapes },
  { name: "escapes of JavaScript", encoding: scriptEscapes },
];

describe.each(CASES)("an attack in $name is caught", ({ encoding, base64: needsText }) => {
  test.each(places)("in %s", (where) => {
    const attacks = needsText ? ATTACKS.filter((value) => value.length >= BASE64_BYTES_MIN) : ATTACKS;
    check(
      fc.property(fc.constantFrom(...attacks), fc.integer(), (attack, seed) => {
        const encoded = encoding(attack, createRandom(seed));
        expect(isBlocked(where, encoded), `${JSON.stringify(attack)} as ${JSON.stringify(encoded)}`).toBe(true);
      }),
      RUNS,
    );
  });
});
