/** Answers of the API in which every text that its schema leaves open is the same hostile text. */
import type { z } from "zod";

type Path = readonly PropertyKey[];

/** Dates by the schema of policies, which everything passes that the API answers; to the API's own they are texts. */
const DATES = new Set(["expiresAt"]);

/** @returns the sample with the text in every place that the schema lets have it */
export function hostileAnswer<Schema extends z.ZodType>(
  schema: Schema,
  sample: z.input<Schema>,
  text: string,
): z.output<Schema> {
  let made: unknown = everywhere(sample, text);
  // Where a text is one of a few, or has a form, the sample's own comes back.
  for (let round = 0; round < 8; round++) {
    const parsed = schema.safeParse(made);
    if (parsed.success) return parsed.data;
    for (const { path } of parsed.error.issues) made = restored(made, sample, path);
  }
  return schema.parse(made);
}

function everywhere(value: unknown, text: string): unknown {
  if (typeof value === "string") return text;
  if (Array.isArray(value)) return value.map((one) => everywhere(one, text));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, DATES.has(key) ? one : everywhere(one, text)]));
}

function restored(made: unknown, sample: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return sample;
  const inner = Object(sample)[step];
  if (Array.isArray(made)) return made.map((one, at) => (at === step ? restored(one, inner, rest) : one));
  return { ...Object(made), [step]: restored(Object(made)[step], inner, rest) };
}
