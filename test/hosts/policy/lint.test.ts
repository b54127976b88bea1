/** What a valid policy says in vain, with the name that was probably meant. */
import { expect, test } from "vitest";
import { expiredExceptions, namesNobodyKnows } from "../../../hosts/policy/lint.ts";
import { defaultPolicy, type Policy } from "../../../hosts/policy/schema.ts";

const KNOWN = [
  { stamp: "sqli-union", type: "sqli" },
  { stamp: "xss-tag", type: "xss" },
];

function policyWith(stamps: string[], types: string[]): Policy {
  const exception = { name: "e", match: {}, ignore: { stamps, types, all: false }, reason: "r", expiresAt: 1000 };
  return { ...defaultPolicy, disable: { stamps }, exceptions: [exception] };
}

test("names that there are say nothing", () => {
  expect(namesNobodyKnows(policyWith(["sqli-union"], ["xss"]), KNOWN)).toEqual([]);
});

test("names that there are not are told with a near one", () => {
  expect(namesNobodyKnows(policyWith(["sqli-unoin"], ["nothing-near"]), KNOWN)).toEqual([
    'disable.stamps: this version has no signature sqli-unoin; did you mean "sqli-union"?',
    'exception e: this version has no signature sqli-unoin; did you mean "sqli-union"?',
    "exception e: this version has no signature of the type nothing-near",
  ]);
});

test("exceptions are told from the second on in which they end", () => {
  const policy = policyWith([], ["xss"]);
  expect(expiredExceptions(policy, 999)).toEqual([]);
  expect(expiredExceptions(policy, 1000)).toEqual([
    expect.stringContaining("exception e: expired 1970-01-01T00:16:40Z"),
  ]);
});
