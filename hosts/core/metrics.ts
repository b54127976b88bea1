/**
 * Numbers for Prometheus: families of samples, their text form, and sums of what several processes count.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ text format 0.0.4
 */
import { z } from "zod";

const sampleSchema = z.object({
  /** Added to the family's name: `_bucket`, `_sum`, `_count` of a histogram. */
  suffix: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  value: z.number(),
});

/** Families, as one process hands them to another. */
export const familiesSchema = z.array(
  z.object({
    name: z.string(),
    type: z.enum(["counter", "gauge", "histogram"]),
    help: z.string(),
    /** What several processes' numbers come to. */
    together: z.enum(["sum", "max"]),
    samples: z.array(sampleSchema),
  }),
);
/** Samples of one name. */
export type Family = z.output<typeof familiesSchema>[number];
/** One number. */
export type Sample = Family["samples"][number];

type Labels = Readonly<Record<string, string>>;

/** A family with one number and no labels. */
export function single(
  name: string,
  type: "counter" | "gauge",
  help: string,
  value: number,
  together: Family["together"] = "sum",
): Family {
  return { name, type, help, together, samples: [{ labels: {}, value }] };
}

/** Numbers that only grow, by labels; with more than `most` sets of labels, the others are counted as one. */
export class CounterFamily {
  readonly #name: string;
  readonly #help: string;
  readonly #most: number;
  readonly #samples = new Map<string, { readonly labels: Labels; value: number }>();

  /** @param most sets of labels that are told apart; bounded because clients have a say in some of them */
  constructor(name: string, help: string, most = 1000) {
    this.#name = name;
    this.#help = help;
    this.#most = most;
  }

  add(labels: Labels, by = 1): void {
    const key = JSON.stringify(Object.values(labels));
    const known = this.#samples.get(key);
    if (known !== undefined) known.value += by;
    else if (this.#samples.size < this.#most) this.#samples.set(key, { labels, value: by });
    else this.#addOther(Object.keys(labels), by);
  }

  get family(): Family {
    const samples = [...this.#samples.values()].map(({ labels, value }) => ({ labels: { ...labels }, value }));
    return { name: this.#name, type: "counter", help: this.#help, together: "sum", samples };
  }

  #addOther(names: readonly string[], by: number): void {
    const labels = Object.fromEntries(names.map((name) => [name, "other"]));
    const other = this.#samples.get("other") ?? { labels, value: 0 };
    other.value += by;
    this.#samples.set("other", other);
  }
}

/** How often values fell below each of some bounds. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds ascending */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
    this.#counts = [...bounds.map(() => 0), 0];
  }

  add(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  get family(): Family {
    let count = 0;
    const samples: Sample[] = [...this.#bounds.map(String), "+Inf"].map((le, at) => {
      count += this.#counts[at] ?? 0;
      return { suffix: "_bucket", labels: { le }, value: count };
    });
    samples.push({ suffix: "_sum", labels: {}, value: this.#sum }, { suffix: "_count", labels: {}, value: count });
    return { name: this.#name, type: "histogram", help: this.#help, together: "sum", samples };
  }
}

/** @returns the families of several processes as those of one */
export function joinFamilies(all: readonly (readonly Family[])[]): Family[] {
  const joined = new Map<string, { family: Family; samples: Map<string, Sample> }>();
  for (const family of all.flat()) {
    const known = joined.get(family.name) ?? { family, samples: new Map<string, Sample>() };
    joined.set(family.name, known);
    for (const sample of family.samples) {
      const key = JSON.stringify([sample.suffix, Object.entries(sample.labels).sort()]);
      const other = known.samples.get(key);
      const { value } = sample;
      const sum =
        other === undefined ? value : family.together === "sum" ? other.value + value : Math.max(other.value, value);
      known.samples.set(key, { ...sample, value: sum });
    }
  }
  return [...joined.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }));
}

/** @returns the text form */
export function metricsText(families: readonly Family[]): string {
  return families
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`,
      `# TYPE ${name} ${type}\n`,
      ...samples.map(
        ({ suffix = "", labels, value }) => `${name}${suffix}${labelsText(labels)} ${numberText(value)}\n`,
      ),
    ])
    .join("");
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const text = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return `${name}="${text}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
