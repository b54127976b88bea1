/**
 * How the property tests run: each with a seed that is printed when it fails and replayed with MERLON_FUZZ_SEED;
 * without it the seed is fixed, so that a failure here is one everywhere. MERLON_FUZZ_RUNS asks for more runs than
 * the usual, and MERLON_FUZZ_SECONDS for the time that they take:
 *
 *     MERLON_FUZZ_RUNS=100000 MERLON_FUZZ_SECONDS=900 \
 *       npx vitest run fuzz/policy.test.ts -t "plain reading" --testTimeout 0
 */
import fc from "fast-check";

const SEED = 20_250_601;

/** Checks a property in at least `runs` runs. */
export function check<Values>(property: fc.IPropertyWithHooks<Values>, runs: number): void {
  const seed = Number(process.env["MERLON_FUZZ_SEED"] ?? SEED);
  const numRuns = Math.max(runs, Number(process.env["MERLON_FUZZ_RUNS"] ?? 0));
  // The time bound keeps a starved machine from failing; what was checked until then counts.
  const interruptAfterTimeLimit = Math.max(TIME_MS, Number(process.env["MERLON_FUZZ_SECONDS"] ?? 0) * 1000);
  // What was asked for by name is not cut short unnoticed.
  const markInterruptAsFailure = process.env["MERLON_FUZZ_SECONDS"] !== undefined;
  fc.assert(property, { seed, numRuns, interruptAfterTimeLimit, markInterruptAsFailure });
}

const TIME_MS = 20_000;

/** Text of one byte a character, attacks and ordinary text among it. */
export function anyValue(fragments: readonly string[]): fc.Arbitrary<string> {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  return fc.oneof(
    fc.constantFrom(...fragments),
    fc.string({ unit: byte, maxLength: 60 }),
    fc.tuple(fc.constantFrom(...fragments), fc.constantFrom(...fragments)).map(([one, other]) => one + other),
  );
}
