/** Secrets: long, unlike each other, and compared whole. */
import { describe, expect, test } from "vitest";
import { hashSecret, newPassword, newSecret, sameText } from "../../../../hosts/postanalytics/access/secret.ts";

describe("secrets", () => {
  test("are 32 letters that URLs take, and never the same", () => {
    const made = Array.from({ length: 100 }, newSecret);
    expect(new Set(made).size).toBe(100);
    for (const secret of made) expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  test("are kept as something else", () => {
    const secret = newSecret();
    expect(hashSecret(secret)).not.toContain(secret);
    expect(hashSecret(secret)).toBe(hashSecret(secret));
    expect(hashSecret(secret)).not.toBe(hashSecret(`${secret}x`));
  });

  test.each([
    ["", "", true],
    ["a", "a", true],
    ["a", "b", false],
    ["a", "ab", false],
    ["ä", "a", false],
  ])("%j and %j are the same: %j", (a, b, same) => expect(sameText(a, b)).toBe(same));
});

describe("passwords that Merlon makes", () => {
  test("use every letter of an alphabet without look-alikes, none much more often than others", () => {
    const letters = Array.from({ length: 2000 }, newPassword).join("").replaceAll("-", "");
    const counts = new Map<string, number>();
    for (const letter of letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect([...counts.keys()].sort().join("")).toBe("23456789abcdefghjkmnpqrstuvwxyz");
    const expected = letters.length / counts.size;
    // Ten standard deviations: a bias of the kind that a modulo makes is far beyond, chance is not.
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(10 * Math.sqrt(expected));
  });

  test("are groups of four", () => expect(newPassword()).toMatch(/^(?:[a-z2-9]{4}-){4}[a-z2-9]{4}$/));
});
