/** One record in words. */
import { expect, test } from "vitest";
import { recordTable, recordWords, terminalJson } from "../../../../hosts/cli/attacks/record-words.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";

test("a record says what happened, why, and what can be done", () => {
  const record = sampleRecord({
    hits: [sampleHit({ exception: "mine", decision: "excepted" })],
    ...{ incident: true, masked: ["header.AUTHORIZATION"], labels: { verdict: "true_attack", note: null } },
    sampled: { kept: true, group: "g", count_since_last: 1200 },
  });
  const words = recordWords(record);
  for (const part of [
    ...[
      "blocked   GET /articles/7?id=1%20UNION%20SELECT%202",
      `reference ${record.ref}`,
      "UTC, status 403",
      "application shop",
    ],
    ...[
      "policy    merlon.yaml, generation 1, mode block",
      "sqli (sqli-union) in query.id",
      "CWE-89",
      "excepted, let pass",
    ],
    ...["decoded   raw 2–14", "incident  ", "hidden    header.AUTHORIZATION", "true attack", "1,200 requests alike"],
  ]) {
    expect(words).toContain(part);
  }
});

test.each([
  ["blocked", "block", "blocked"],
  ["monitored", "block", "would block"],
  ["monitored", "pass", "noticed"],
  ["partially_blocked", "block", "cut off"],
  ["passed_fail_open", "pass", "not inspected"],
] as const)("%s, would %s: %s", (action, would, outcome) => {
  expect(recordTable([sampleRecord({ action, would_action: would })])).toContain(outcome);
});

test("JSON that no terminal acts on is the same value", () => {
  const value = { a: "\u009b\u202e\u2028\ufeff\u{e0001}x" };
  expect(JSON.parse(terminalJson(value))).toEqual(value);
  expect(terminalJson(value)).toMatch(/^[ -~]*$/);
});
