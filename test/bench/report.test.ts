/** The gates at their limits, and what the report says of parts that did not run. */
import { expect, test } from "vitest";
import type { EngineFigures } from "./engines.ts";
import { formatReport, judgeGates } from "./report.ts";

function engine(id: EngineFigures["id"], meanUs: number, attacksBlockedPercent = 90): EngineFigures {
  const rest = { p99Us: meanUs, megabytesPerSecond: 1, benignBlockedPercent: 0, roundMeansUs: [meanUs] };
  return { id, name: id, meanUs, attacksBlockedPercent, ...rest };
}

const load = {
  plainPerSecond: 1,
  filteredPerSecond: 1,
  plainCpuUs: 1,
  filteredCpuUs: 1,
  plainP99Us: 1,
  filteredP99Us: 1,
};
const envoyOf = (rateRatio: number, faults: string[] = []) => ({
  envoy: "1",
  upstreamPerSecond: 1,
  loads: [{ load: "GET" as const, ...load, rateRatio, roundRatios: [rateRatio] }],
  faults,
  attackStatus: 403,
});
const extproc = (rateRatio: number, cpuRatio: number) => {
  return { load: "GET" as const, rateRatio, cpuRatio, notOk: 0, servers: [] };
};
const genome = { kind: "text" as const, tokens: ["\u0007<b>"], wraps: [], size: 2048 as const };
const worstOf = (ratio: number, failures = 0) => {
  const worst = { genome, ratio, nsPerByte: 1, bytes: 2048 };
  const trapped = Array.from({ length: failures }, () => genome);
  return { seed: 1, tried: 1, medianNsPerByte: 1, worst, kinds: [worst], raised: [], failures: trapped };
};

const GATES = [
  {
    name: "five times below libddwaf",
    parts: { engines: [engine("merlon", 2), engine("libddwaf", 10)] },
    passed: [true],
  },
  { name: "less than that", parts: { engines: [engine("merlon", 2), engine("libddwaf", 9.9)] }, passed: [false] },
  {
    name: "a hundred times below Coraza",
    parts: { engines: [engine("merlon", 2), engine("coraza", 200)] },
    passed: [true],
  },
  { name: "less than that", parts: { engines: [engine("merlon", 2), engine("coraza", 199)] }, passed: [false] },
  {
    name: "nothing against libinjection",
    parts: { engines: [engine("merlon", 9), engine("libinjection", 1)] },
    passed: [],
  },
  { name: "nothing without Merlon", parts: { engines: [engine("coraza", 1)] }, passed: [] },
  { name: "three quarters of Envoy's rate", parts: { envoy: envoyOf(0.75) }, passed: [true, true] },
  { name: "less than that", parts: { envoy: envoyOf(0.74) }, passed: [false, true] },
  { name: "an answer that is not 200", parts: { envoy: envoyOf(1, ["GET: 1 of 9"]) }, passed: [true, false] },
  {
    name: "four fifths of grpc-go's rate, and seven tenths of grpc-js's CPU",
    parts: { extproc: [extproc(0.8, 0.7)] },
    passed: [true, true, true],
  },
  { name: "less, and more, than that", parts: { extproc: [extproc(0.79, 0.71)] }, passed: [false, false, true] },
  { name: "twenty times the median", parts: { worst: worstOf(20) }, passed: [true, true] },
  { name: "more than that", parts: { worst: worstOf(20.1) }, passed: [false, true] },
  { name: "a trap in the search", parts: { worst: worstOf(1, 1) }, passed: [true, false] },
];

test.each(GATES)("judges $name", ({ parts, passed }) => {
  const gates = judgeGates({ engines: [], envoy: null, extproc: null, worst: null, ...parts });
  expect(gates.map((gate) => gate.passed)).toEqual(passed);
});

test("names what was skipped, what is too good to be true, and no control character", () => {
  const text = formatReport({
    mix: { source: "synthetic", note: "note", requests: 2, bytes: 10 },
    engines: [engine("merlon", 1, 10), engine("libddwaf", 10, 60)],
    skipped: [{ what: "coraza", reason: "no\u001b[31m go" }],
    envoy: null,
    extproc: null,
    worst: worstOf(2, 1),
    gates: [],
    seconds: 1,
  });
  expect(text).toContain("skipped: coraza: no [31m go");
  expect(text).toContain("NOTE: Merlon blocks fewer attacks");
  expect(text).toContain("FAULT: the core trapped on");
  expect(text).not.toMatch(/[^\n -~µ÷×≥≤–]/);
});
