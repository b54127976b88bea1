/** Scores: every probe is counted once in each table, and what went wrong is listed. */
import { describe, expect, test } from "vitest";
import { type Probe, Score, scoreText } from "../../../../hosts/cli/probing/score.ts";

const ATTACK: Probe = { type: "xss", attack: true, placement: "header", encoding: "plain", text: "<script>" };
const HARMLESS: Probe = { type: "prose", attack: false, placement: "url-param", encoding: "url", text: "hello" };

function scored(): Score {
  const score = new Score();
  score.add(ATTACK, "blocked");
  score.add(ATTACK, "blocked");
  score.add({ ...ATTACK, encoding: "base64", text: "\u001b[2J" }, "passed");
  score.add(HARMLESS, "passed");
  score.add({ ...HARMLESS, text: "flagged" }, "blocked");
  return score;
}

describe("a score", () => {
  test("is the same in whatever order the answers come", () => {
    const probes: Probe[] = [HARMLESS, ATTACK, { ...ATTACK, text: "a" }, { ...ATTACK, encoding: "url" }];
    const reports = [probes, probes.toReversed()].map((order) => {
      const score = new Score();
      for (const probe of order) score.add(probe, probe.attack ? "passed" : "blocked");
      return JSON.stringify(score.report());
    });
    expect(reports[0]).toBe(reports[1]);
  });

  test("counts by type, place and encoding", () => {
    expect(scored().report()).toEqual({
      attacks: 3,
      blocked: 2,
      harmless: 2,
      passed: 1,
      failed: 0,
      score: { blocked: 66.67, passed: 50 },
      byType: {
        xss: { attacks: 3, blocked: 2, harmless: 0, passed: 0 },
        prose: { attacks: 0, blocked: 0, harmless: 2, passed: 1 },
      },
      byPlacement: {
        header: { attacks: 3, blocked: 2, harmless: 0, passed: 0 },
        "url-param": { attacks: 0, blocked: 0, harmless: 2, passed: 1 },
      },
      byEncoding: {
        plain: { attacks: 2, blocked: 2, harmless: 0, passed: 0 },
        base64: { attacks: 1, blocked: 0, harmless: 0, passed: 0 },
        url: { attacks: 0, blocked: 0, harmless: 2, passed: 1 },
      },
      missed: [
        { ...ATTACK, encoding: "base64", text: "\u001b[2J" },
        { ...HARMLESS, text: "flagged" },
      ],
    });
  });

  test("is clean only if everything went right and was answered", () => {
    const clean = new Score();
    clean.add(ATTACK, "blocked");
    clean.add(HARMLESS, "passed");
    expect(clean.isClean).toBe(true);
    clean.add(ATTACK, "failed");
    expect(clean.isClean).toBe(false);
    expect(clean.report()).toMatchObject({ attacks: 1, failed: 1 });
    expect(scored().isClean).toBe(false);
  });

  test("lists what went wrong, as much as asked for, escaped", () => {
    const text = scoreText(scored().report(), 1);
    expect(text).toMatch(/^type +attacks +blocked +% +harmless +passed +%\nprose +0 .*\nxss +3 +2 +66\.7 % +0 +0 +–$/m);
    expect(text).toContain("wrong\n  passed   xss header base64  \\x1b[2J\n  and 1 more\n");
    expect(text).toContain("blocked 66.67 % of 3 attacks, passed 50.00 % of 2 harmless requests\n");
    expect(text).not.toContain("had no answer");
    expect(scoreText(new Score().report(), 5)).toContain("blocked – of 0 attacks");
  });
});
