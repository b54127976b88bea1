/** Prometheus' text form, bounded sets of labels, and the sums of several processes. */
import { expect, test } from "vitest";
import {
  CounterFamily,
  familiesSchema,
  Histogram,
  joinFamilies,
  metricsText,
  single,
} from "../../../hosts/core/metrics.ts";

test("families are written as Prometheus reads them, with what could break a line escaped", () => {
  const counter = new CounterFamily("a_total", "What\nit \\ is.");
  counter.add({ app: 'a "b"\n\\c' });
  counter.add({ app: 'a "b"\n\\c' }, 2);
  const gauge = single("b", "gauge", "Now.", Number.POSITIVE_INFINITY);
  expect(metricsText([counter.family, gauge])).toBe(
    [
      "# HELP a_total What\\nit \\\\ is.",
      "# TYPE a_total counter",
      'a_total{app="a \\"b\\"\\n\\\\c"} 3',
      "# HELP b Now.",
      "# TYPE b gauge",
      "b +Inf",
      "",
    ].join("\n"),
  );
  expect(metricsText([single("c", "gauge", "", Number.NaN)])).toContain("\nc NaN\n");
});

test("a histogram counts what lies below each bound", () => {
  const histogram = new Histogram("t_seconds", "Time.", [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.add(value);
  expect(metricsText([histogram.family]).split("\n").slice(2, -1)).toEqual([
    't_seconds_bucket{le="0.1"} 2',
    't_seconds_bucket{le="1"} 3',
    't_seconds_bucket{le="+Inf"} 4',
    "t_seconds_sum 7.65",
    "t_seconds_count 4",
  ]);
});

test("sets of labels are bounded, and what is beyond is counted as other", () => {
  const counter = new CounterFamily("a_total", "A.", 2);
  for (const app of ["one", "two", "three", "four", "one"]) counter.add({ app });
  const values = counter.family.samples.map(({ labels, value }) => [labels["app"], value]);
  expect(values).toEqual([
    ["one", 2],
    ["two", 1],
    ["other", 2],
  ]);
});

test("several processes are one: counts and histograms add up, and of ages the largest counts", () => {
  const processes = [1, 2].map((by) => {
    const counter = new CounterFamily("a_total", "A.");
    counter.add({ type: "sqli" }, by);
    if (by === 2) counter.add({ type: "xss" });
    const histogram = new Histogram("t", "T.", [1]);
    histogram.add(by);
    return familiesSchema.parse(
      JSON.parse(JSON.stringify([counter.family, histogram.family, single("age", "gauge", "Age.", by, "max")])),
    );
  });
  const text = metricsText(joinFamilies(processes));
  expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
    'a_total{type="sqli"} 3',
    'a_total{type="xss"} 1',
    't_bucket{le="1"} 1',
    't_bucket{le="+Inf"} 2',
    "t_sum 3",
    "t_count 2",
    "age 2",
  ]);
  expect(joinFamilies([])).toEqual([]);
});
