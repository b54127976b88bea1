/** What is hidden: card numbers wherever they stand, values of names that speak of secrets. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { usePolicy } from "../policy-image.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const core = new Core("test");
/** Places of assembly/decode/point.ts. */
const PLACE = { query: 3, header: 4, cookieName: 5, cookie: 6, json: 15 } as const;

beforeEach(() => core.call("pointTruncate")(0));

function hidden(text: string): string {
  const at = put(core, bytesOf(text));
  core.call("hideCards")(at, text.length);
  const answer = core.bytes.toString("latin1", at, at + text.length);
  dropAll(core);
  return answer;
}

/** The digit that makes a number pass (ISO/IEC 7812-1, annex B). */
function checkDigit(digits: string): number {
  let sum = 0;
  [...digits].reverse().forEach((digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return (10 - (sum % 10)) % 10;
}

describe("card numbers", () => {
  const CARDS: readonly (readonly [text: string, shown: string, why: string])[] = [
    ["4111111111111111", "****************", "a whole value"],
    ["pay 4111 1111 1111 1111 now", "pay **** **** **** **** now", "groups"],
    ["4111-1111-1111-1111", "****-****-****-****", "dashes"],
    ["x378282246310005x", "x***************x", "fifteen digits"],
    ["4111111111111112", "4111111111111112", "a wrong check digit"],
    ["411111111111", "411111111111", "too few digits"],
    ["4111  1111 1111 1111", "4111  1111 1111 1111", "two spaces are no group"],
    ["4111 1111 1111 1111, 5555 5555 5555 4444", "**** **** **** ****, **** **** **** ****", "two of them"],
    ["", "", "nothing"],
    ["4111111111111111".slice(0, 15), "411111111111111", "cut off"],
  ];

  test.each(CARDS)("%j becomes %j: %s", (text, shown) => {
    expect(hidden(text)).toBe(shown);
  });

  test("of every length from 13 to 19 are hidden, with others left alone", () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{11,17}$/);
    check(
      fc.property(digits, fc.nat(8), (start, off) => {
        const good = `${start}${checkDigit(start)}`;
        const bad = `${start}${(checkDigit(start) + 1 + off) % 10}`;
        expect(hidden(` ${good} `)).toBe(` ${"*".repeat(good.length)} `);
        expect(hidden(` ${bad} `)).toBe(` ${bad} `);
      }),
      500,
    );
  });

  test("hide digits and nothing else, of any text", () => {
    check(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789 -x"), maxLength: 60 }), (text) => {
        expect(hidden(text).replace(/[0-9*]/g, "#")).toBe(text.replace(/[0-9]/g, "#"));
      }),
      1000,
    );
  });
});

describe("names", () => {
  const NAMES: readonly (readonly [name: string, secret: boolean])[] = [
    ["password", true],
    ["new_Password2", true],
    ["pwd", true],
    ["client_secret", true],
    ["X-Auth-Token", true],
    ["Authorization", true],
    ["apiKey", true],
    ["api_key", true],
    ["x-api-key", true],
    ["cvv", true],
    ["name", false],
    ["key", false],
    ["pass", false],
    ["", false],
  ];

  test.each(NAMES)("%j is secret: %s", (name, secret) => {
    core.call("pushName")(put(core, bytesOf(name)), name.length);
    expect(core.call("is_secret")(PLACE.query) !== 0).toBe(secret);
    expect(core.call("is_secret")(PLACE.json) !== 0).toBe(secret);
    dropAll(core);
  });

  test("of the policy's masks are secret too, in any case", () => {
    usePolicy(core, { mask: ["Customer-Number"] });
    const name = "customer-number";
    core.call("pushName")(put(core, bytesOf(name)), name.length);
    expect(core.call("is_secret")(PLACE.query)).toBe(1);
    core.call("policy_clear")(0);
    expect(core.call("is_secret")(PLACE.query)).toBe(0);
    dropAll(core);
  });

  test("of cookies do not matter: all cookies are secret", () => {
    expect([core.call("is_secret")(PLACE.cookie), core.call("is_secret")(PLACE.cookieName)]).toEqual([1, 1]);
    for (const name of ["cookie", "Proxy-Authorization"]) {
      core.call("pushHeaderName")(put(core, bytesOf(name)), name.length);
      expect(core.call("is_secret")(PLACE.header)).toBe(1);
      core.call("pointTruncate")(0);
    }
    dropAll(core);
  });
});
