/** Tokens there and back, and texts that are none. */
import { expect, test } from "vitest";
import { newSecret, parseEnrolmentToken, tokenText } from "../../../../hosts/policy/identity/enrolment-token.ts";

test("there and back, with a name that has dots", () => {
  const token = { secret: newSecret(), fingerprint: newSecret(), name: "shop.1-a_b.c" };
  expect(parseEnrolmentToken(`${tokenText(token)}\n`)).toEqual(token);
  expect(newSecret()).not.toBe(newSecret());
});

const A = "a".repeat(43);

test.each([
  ["", "it begins with merlon_enrol_"],
  ["merlon_node_abc", "it begins with merlon_enrol_"],
  [`merlon_enrol_${A}.${A}`, "a part of it is missing"],
  [`merlon_enrol_${A}.${A}.`, "a part of it is missing"],
  [`merlon_enrol_${A}.${A.slice(1)}.shop`, "a part of it is missing"],
])("%j is none", (text, says) => {
  expect(() => parseEnrolmentToken(text)).toThrowError(says);
  expect(() => parseEnrolmentToken(text)).not.toThrowError(A);
});
