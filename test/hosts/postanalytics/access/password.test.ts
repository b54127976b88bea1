/** Passwords: kept with a salt, told apart, and never more at once than the machine bears. */
import { scryptSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BusyError, COST, hashPassword, isPassword } from "../../../../hosts/postanalytics/access/password.ts";

const QUICK = { log2: 4, r: 8, p: 1 };

describe("a kept password", () => {
  test("is what RFC 7914 says, with the cost beside it", async () => {
    const kept = await hashPassword("correct horse", QUICK);
    const [form, log2, r, p, salt = "", key] = kept.split("$");
    expect([form, log2, r, p]).toEqual(["scrypt", "4", "8", "1"]);
    const options = { N: 16, r: 8, p: 1 };
    expect(key).toBe(scryptSync("correct horse", Buffer.from(salt, "base64url"), 32, options).toString("base64url"));
  });

  test("costs what we say by default, and is told apart", async () => {
    const kept = await hashPassword("correct horse");
    expect(kept.startsWith(`scrypt$${COST.log2}$${COST.r}$${COST.p}$`)).toBe(true);
    expect(await isPassword("correct horse", kept)).toBe(true);
    expect(await isPassword("correct horsf", kept)).toBe(false);
  });

  test("has a salt of its own", async () => {
    expect(await hashPassword("same", QUICK)).not.toBe(await hashPassword("same", QUICK));
  });

  test("is the same in both spellings of a letter", async () => {
    expect(await isPassword("cafe\u0301", await hashPassword("caf\u00e9", QUICK))).toBe(true);
  });

  test.each([null, "", "scrypt", "plain$4$8$1$AA$AA", "scrypt$4$8$1$AAAA$", "scrypt$40$8$1$AAAA$AAAA"])(
    "is none: %j",
    async (kept) => expect(await isPassword("", kept)).toBe(false),
  );
});

test("too many at once are sent away, and the others are served", async () => {
  const all = await Promise.allSettled(Array.from({ length: 100 }, () => hashPassword("a", QUICK)));
  const refused = all.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  expect(all.length - refused.length).toBe(34);
  for (const reason of refused) expect(reason).toBeInstanceOf(BusyError);
  expect(await isPassword("a", await hashPassword("a", QUICK))).toBe(true);
});
