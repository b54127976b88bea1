/**
 * Secrets that Merlon makes itself: long enough that nobody guesses them, so that a plain hash of them is safe to keep.
 * Passwords, which people choose, are kept by password.ts.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 24;
/** No letters and digits that look alike. */
const PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS = 5;
const GROUP_LENGTH = 4;

/** @returns 192 random bits, in letters that URLs and headers take */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** @returns what is kept of a secret */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/** Compares in a time that does not depend on where the difference lies. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** @returns a password that a person can type: five groups of four, 99 bits */
export function newPassword(): string {
  const size = PASSWORD_ALPHABET.length;
  const limit = 256 - (256 % size);
  let letters = "";
  while (letters.length < PASSWORD_GROUPS * GROUP_LENGTH) {
    for (const byte of randomBytes(32)) if (byte < limit) letters += PASSWORD_ALPHABET.charAt(byte % size);
  }
  return Array.from({ length: PASSWORD_GROUPS }, (_, at) =>
    letters.slice(at * GROUP_LENGTH, (at + 1) * GROUP_LENGTH),
  ).join("-");
}
