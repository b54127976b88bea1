/** Known names of fields: found in any case, and nothing else is. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const core = new Core("test");

function numberOf(name: string): number {
  const at = put(core, bytesOf(name));
  const number = core.call("fieldName")(core.call("hashLanes")(at, name.length), at, name.length);
  dropAll(core);
  return number;
}

const KNOWN = ["te", "dnt", "host", ":path", "Cookie", "referer", "User-Agent", "sec-ch-prefers-reduced-motion"];
const OTHER = ["x", "cookies", "cooki", ":paths", "x-anything", "user_agent", "sec-ch-prefers-reduced-motion-x"];

test.each(KNOWN)("%j is known, in any case", (name) => {
  expect(numberOf(name)).not.toBe(0);
  expect(numberOf(name.toUpperCase())).toBe(numberOf(name.toLowerCase()));
});

test.each(OTHER)("%j is not", (name) => {
  expect(numberOf(name)).toBe(0);
});

test("no two known names have one number", () => {
  expect(new Set(KNOWN.map(numberOf)).size).toBe(KNOWN.length);
});

test("framing is skipped, what clients repeat is told from what they do not", () => {
  const is = (question: string, name: string): boolean => core.call(question)(numberOf(name)) === 1;
  for (const name of ["host", "te", "content-length", "transfer-encoding"]) expect(is("isSkipped", name)).toBe(true);
  for (const name of ["cookie", "x-anything", "accept"]) expect(is("isSkipped", name)).toBe(false);
  for (const name of ["user-agent", "accept", "x-forwarded-port"]) expect(is("isRepeated", name)).toBe(true);
  for (const name of ["cookie", "authorization", "referer", "x-anything"]) expect(is("isRepeated", name)).toBe(false);
});
