/** What values look like. */
import { expect, test } from "vitest";
import {
  secretOfName,
  sensitivityOfName,
  sensitivityOfValue,
  typeOfJson,
  typeOfText,
} from "../../../../hosts/records/inventory/value-shape.ts";

test.each([
  ["17", "integer"],
  ["-3", "integer"],
  ["017", "string"],
  ["1.50", "number"],
  ["true", "boolean"],
  ["4b7f2c1e-9a53-4c1d-8a5e-0d7b6f3e2a11", "uuid"],
  ["2026-11-21T12:00:00Z", "date-time"],
  ["2026-11-21", "string"],
  ["ada@shop.example", "email"],
  ["a b@c", "string"],
  ["", "string"],
  ["9".repeat(400), "string"],
] as const)("%s is %s", (text, type) => {
  expect(typeOfText(text)).toBe(type);
});

test.each([
  [null, "null"],
  [[], "array"],
  [{}, "object"],
  [1, "integer"],
  [1.5, "number"],
  [false, "boolean"],
  ["17", "string"],
  ["ada@shop.example", "email"],
] as const)("JSON %j is %s", (value, type) => {
  expect(typeOfJson(value)).toBe(type);
});

test.each([
  ["4111 1111 1111 1111", "card"],
  ["4111111111111112", null],
  ["0000000000000000", null],
  ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "token"],
  ["ada@shop.example", "email"],
  ["hello", null],
] as const)("%s gives away %s", (value, kind) => {
  expect(sensitivityOfValue(value)).toBe(kind);
});

test("names say it too, as whole words", () => {
  expect(["userEmail", "e_mail", "phone-number", "mailbox", "phones"].map(sensitivityOfName)).toEqual([
    ...["email", "email", "phone", null, null],
  ]);
  expect(["password", "accessToken", "api_key", "credential"].map(secretOfName)).toEqual([
    ...["password", "token", "key", "secret"],
  ]);
});
