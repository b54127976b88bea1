/** The closing line of CI: what counts as passed, failed and skipped. */
import { describe, expect, test } from "vitest";
import { summarize } from "./report.ts";

function file(status: string, ...tests: [status: string, duration?: number][]): object {
  const assertionResults = tests.map(([result, duration], index) => ({
    fullName: `${result} ${index}`,
    status: result,
    duration,
  }));
  return { name: `test/${status}.test.ts`, status, assertionResults };
}

function report(...testResults: object[]): string {
  return JSON.stringify({ testResults });
}

describe("the closing line", () => {
  test.each([
    { what: "tests that passed", of: report(file("passed", ["passed"], ["passed"])), line: [2, 0, 0], ok: true },
    {
      what: "skipped ones and plans",
      of: report(file("passed", ["passed"], ["skipped"], ["todo"])),
      line: [1, 0, 2],
      ok: true,
    },
    { what: "failed ones", of: report(file("failed", ["passed"], ["failed"])), line: [1, 1, 0], ok: false },
    {
      what: "a file that did not load",
      of: report(file("failed"), file("passed", ["passed"])),
      line: [1, 1, 0],
      ok: false,
    },
    { what: "a failure outside of tests", of: report(file("failed", ["passed"])), line: [1, 1, 0], ok: false },
    { what: "nothing at all", of: report(), line: [0, 0, 0], ok: false },
    { what: "no report", of: undefined, line: [0, 1, 0], ok: false },
  ])("counts $what", ({ of, line: [passed, failed, skipped], ok }) => {
    const summary = summarize(of);
    expect(summary.text.trimEnd().split("\n").at(-1)).toBe(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    expect(summary.ok).toBe(ok);
  });

  test("comes after the ten slowest tests, slowest first", () => {
    const tests = Array.from({ length: 12 }, (_, index): [string, number] => ["passed", index * 10]);
    const lines = summarize(report(file("passed", ...tests))).text.split("\n");
    expect(lines.slice(0, 3)).toEqual(["the 10 slowest tests:", "     110 ms  passed 11", "     100 ms  passed 10"]);
    expect(lines).toHaveLength(13);
  });
});
