/** The plain validator that the core is held against says what a validator says that is not ours. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { asked, joined } from "../../hosts/policy/specification/body-schemas.ts";
import { isValid } from "../../hosts/policy/specification/body-validator.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { schemaJudge } from "./validator.ts";

const RUNS = 400;
const SEED = 20_250_601;
/** Words of OpenAPI 3.0 alone, and one that the other computes with floats. */
const OTHER = /"nullable"|"exclusiveMinimum":true|"multipleOf"/;

test("random values are as random schemas say in both eyes", async (context) => {
  const judge = requireOrSkip(context, await schemaJudge());
  const seed = Number(process.env["MERLON_FUZZ_SEED"] ?? SEED);
  const pairs = fc
    .sample(asked(joined), { seed, numRuns: RUNS })
    .filter(([schema]) => !OTHER.test(JSON.stringify(schema)))
    .flatMap(([schema, values]) => values.map((value) => [schema, value] as const));
  const answers = await judge(pairs);
  const own = pairs.map(([schema, value]) => isValid(schema, value, schema));
  const different = pairs.filter((_, index) => own[index] !== answers[index]);
  expect(different.slice(0, 3), `seed ${seed}`).toEqual([]);
  expect([own.filter(Boolean).length, own.filter((fits) => !fits).length].every((count) => count > 100)).toBe(true);
});
