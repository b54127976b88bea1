/** Suggestions: a slip is recognised, another word is not. */
import { describe, expect, test } from "vitest";
import { nearestOf, suggestion } from "../../../hosts/policy/nearest.ts";

const FIELDS = ["mode", "modeAllowOverride", "console", "failure", "limits", "clientIP", "mask"];

describe("the nearest word", () => {
  test.each([
    { written: "mod", near: "mode", why: "a letter is missing" },
    { written: "moed", near: "mode", why: "two letters are swapped" },
    { written: "Mode", near: "mode", why: "only the case differs" },
    { written: "mode-allow-override", near: "modeAllowOverride", why: "only separators differ" },
    { written: "limit", near: "limits", why: "a letter is missing at the end" },
    { written: "client_ip", near: "clientIP", why: "separator and case" },
    { written: "maks", near: "mask", why: "two letters are swapped" },
  ])("of $written is $near: $why", ({ written, near }) => {
    expect(nearestOf(written, FIELDS)).toBe(near);
    expect(suggestion(written, FIELDS)).toBe(`did you mean "${near}"?`);
  });

  test.each([
    { written: "targetRefs", why: "nothing is near" },
    { written: "xy", why: "half of a short word would have to change" },
    { written: "", why: "nothing was written" },
    { written: "m".repeat(10_000), why: "nobody means so long a word" },
  ])("of $written does not exist: $why", ({ written }) => {
    expect(nearestOf(written, FIELDS)).toBeUndefined();
    expect(suggestion(written, FIELDS)).toBe("");
  });

  test("is the closer one of two", () => {
    expect(nearestOf("evaluat", ["explain", "evaluate", "elevate"])).toBe("evaluate");
  });
});
