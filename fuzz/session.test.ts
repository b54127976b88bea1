/**
 * The short form of `npm run fuzz`: generated requests through the checked build until the inputs or the time are used
 * up. The seed is fixed, so that a failure here is a failure everywhere; long runs take their own.
 */
import { expect, test } from "vitest";
import { Core } from "../test/assembly/core.ts";
import { makeInput } from "./inputs.ts";
import { findFault, type Operation } from "./operations.ts";
import { makeSmall } from "./regression.ts";
import { Session } from "./session.ts";

const SEED = 20_250_601;
const INPUTS = 100_000;
const INPUTS_MIN = 2000;
const TIME_MS = 30_000;

test("generated requests never trap, leave nothing behind and do not depend on cuts or on each other", () => {
  const session = new Session("checked", SEED);
  const end = performance.now() + TIME_MS;
  const failures: string[] = [];
  for (let index = 0; index < INPUTS && (index < INPUTS_MIN || performance.now() < end); index++) {
    const failure = session.run(index);
    if (failure !== undefined) failures.push(`input ${index} of seed ${SEED}: ${failure.why}`);
  }
  expect(failures).toEqual([]);
  expect(session.counts.blocked).toBeGreaterThan(session.counts.inputs / 20);
  const reserved = session.reservedBytes;
  for (let index = 0; index < INPUTS_MIN; index++) session.run(index);
  expect(session.reservedBytes).toBe(reserved);
});

test("an input is the same each time it is made, and inputs differ", () => {
  expect(makeInput(SEED, 17)).toEqual(makeInput(SEED, 17));
  expect(makeInput(SEED, 17)).not.toEqual(makeInput(SEED, 18));
  expect(makeInput(SEED, 17)).not.toEqual(makeInput(SEED + 1, 17));
});

test("a fault is noticed and made small", () => {
  const core = new Core("checked");
  const good: Operation[] = [{ call: "tx_raw", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n") }];
  expect(findFault(core, good)).toBeUndefined();
  core.call("guard_mark")(core.input + 3, 1, 0);
  expect(findFault(core, good)).toContain("RuntimeError: unreachable");
  expect(makeSmall("checked", good)).toEqual(good);
});
