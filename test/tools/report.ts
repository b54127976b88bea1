/**
 * Reads vitest's JSON report and prints the slowest tests, the names of those that failed or were skipped, and last,
 * alone on its line, `N passed, N failed, N skipped`. A file that could not even be loaded counts as one failed test,
 * and so does a report that is not there: silence must not look like success.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

const SLOWEST_SHOWN = 10;

const REPORT = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), duration: z.number().optional() }),
      ),
    }),
  ),
});

/** How a run ended, and its text for people. */
export interface Summary {
  readonly ok: boolean;
  readonly text: string;
}

/** @param report content of vitest's JSON report; undefined when there is none */
export function summarize(report: string | undefined): Summary {
  if (report === undefined) return { ok: false, text: "the tests left no report\n0 passed, 1 failed, 0 skipped\n" };
  const files = REPORT.parse(JSON.parse(report)).testResults;
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === "passed");
  const broken = tests.filter(({ status }) => status === "failed");
  const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
  const unloaded = files.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  );
  const failed = broken.length + unloaded.length;
  const slowest = tests.toSorted((a, b) => (b.duration ?? 0) - (a.duration ?? 0)).slice(0, SLOWEST_SHOWN);
  const lines = [
    `the ${slowest.length} slowest tests:`,
    ...slowest.map(({ duration, fullName }) => `${String(Math.round(duration ?? 0)).padStart(8)} ms  ${fullName}`),
    ...skipped.map(({ fullName }) => `skipped: ${fullName}`),
    ...broken.map(({ fullName }) => `failed: ${fullName}`),
    ...unloaded.map(({ name }) => `failed to load: ${name}`),
    `${passed.length} passed, ${failed} failed, ${skipped.length} skipped`,
  ];
  return { ok: failed === 0 && passed.length > 0, text: `${lines.join("\n")}\n` };
}

function readReport(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { ok, text } = summarize(readReport(process.argv[2] ?? ""));
  process.stdout.write(text);
  process.exitCode = ok ? 0 : 1;
}
