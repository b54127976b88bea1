/** Lines about verdicts: what they say, that nothing in them is obeyed by a terminal, and that a flood stays short. */
import { describe, expect, test } from "vitest";
import { VerdictLines, verdictLine } from "../../../../hosts/cli/protection/verdict-lines.ts";
import type { VerdictEvent } from "../../../../hosts/core/inspection.ts";
import type { Verdict } from "../../../../hosts/core/verdict.ts";

const VERDICT: Verdict = {
  action: "block",
  wouldAction: "block",
  mode: "block",
  shadowAction: null,
  matches: [
    {
      type: "sqli",
      stamp: "s",
      cwe: [],
      severity: 5,
      point: "query.id",
      reason: "",
      counts: true,
      exception: 0,
      layers: [],
    },
  ],
  matchesDropped: 0,
  limits: [],
  anomalies: [],
  incident: false,
  clientIp: "",
  inspectedBytes: 0,
  failed: false,
};
const EVENT: VerdictEvent = {
  id: "01JD3Z8K6Q4TXXXX0000000000",
  ref: "01JD3Z8K6Q4TXXXX",
  verdict: VERDICT,
  method: "GET",
  host: "shop.example",
  path: "/a",
  startedAt: Date.UTC(2026, 10, 21, 12, 0, 4),
  addedMicros: 112,
  cut: false,
  peer: "192.0.2.1",
  scheme: "http",
  bodyBytes: 0,
  responseSeen: false,
  totalMs: 1,
  details: () => null,
  status: 403,
  watched: false,
};

describe("a line", () => {
  test("says when, what, where, what was done, and the reference", () => {
    expect(verdictLine(EVENT)).toBe("12:00:04  sqli    GET /a  query.id  blocked  01JD3Z8K6Q4TXXXX  0.11 ms");
  });

  test.each([
    { name: "cut off", verdict: VERDICT, status: 0 },
    { name: "would block", verdict: { ...VERDICT, action: "pass" as const }, status: 200 },
    { name: "noticed", verdict: { ...VERDICT, action: "pass" as const, wouldAction: "pass" as const }, status: 200 },
    { name: "not inspected", verdict: { ...VERDICT, failed: true, matches: [] }, status: 503 },
  ])("tells apart what was $name", ({ name, verdict, status }) => {
    expect(verdictLine({ ...EVENT, verdict, status })).toContain(`  ${name}  `);
  });

  test("says of what was only watched that it would be blocked", () => {
    expect(verdictLine({ ...EVENT, watched: true, status: 0 })).toContain("  would block  ");
  });

  test("shows nothing that a terminal obeys, and is short", () => {
    const hostile = "\u001b[2J\r\n\u0000".repeat(500);
    const matches = [{ ...VERDICT.matches[0], point: hostile } as Verdict["matches"][0]];
    const line = verdictLine({ ...EVENT, method: hostile, path: hostile, verdict: { ...VERDICT, matches } });
    expect(line).toMatch(/^[\x20-\x7e…]+$/);
    expect(line.length).toBeLessThan(300);
  });
});

test("requests without a match are not told, a flood is told as a number", () => {
  const printed: string[] = [];
  let now = 1_000_000;
  const lines = new VerdictLines(
    (line) => printed.push(line),
    () => now,
  );
  lines.add({ ...EVENT, verdict: { ...VERDICT, matches: [], action: "pass", wouldAction: "pass" } });
  expect(printed).toEqual([]);
  for (let i = 0; i < 50; i++) lines.add(EVENT);
  expect(printed).toHaveLength(20);
  now += 1000;
  lines.add(EVENT);
  expect(printed[20]).toContain("and 30 more");
  expect(printed).toHaveLength(22);
  lines.flush();
  expect(printed).toHaveLength(22);
});
