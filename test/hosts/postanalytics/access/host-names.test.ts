/** Names under which the console is reached: addresses, localhost, and what the operator named. */
import { expect, test } from "vitest";
import { isOwnName, isOwnOrigin } from "../../../../hosts/postanalytics/access/host-names.ts";

const NAMES = new Set(["console.example"]);

test.each([
  ["127.0.0.1:9090", true],
  ["10.1.2.3", true],
  ["[::1]:9090", true],
  ["localhost:1", true],
  ["LOCALHOST", true],
  ["console.example", true],
  ["Console.Example.:443", true],
  ["evil.example:9090", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example", false],
  ["console.example.evil.example", false],
  ["", false],
  [undefined, false],
  ["127.0.0.1:9090@evil.example", false],
  ["evil.example#127.0.0.1", false],
  ["[::1", false],
  ["[evil.example]", false],
  ["localhost:999999", false],
])("the name %j is ours: %j", (header, own) => expect(isOwnName(header, NAMES)).toBe(own));

test.each([
  [undefined, "a.example", false, true],
  ["http://a.example", "a.example", false, true],
  ["http://A.example", "a.Example", false, true],
  ["http://a.example:81", "a.example:81", false, true],
  ["https://a.example", "a.example", true, true],
  ["http://a.example", "a.example", true, false],
  ["https://a.example", "a.example", false, false],
  ["http://a.example:81", "a.example:82", false, false],
  ["null", "a.example", false, false],
  ["", "", false, false],
  ["http://evil.example", "a.example", false, false],
])("the origin %j is where %j was asked (TLS %j): %j", (origin, host, secure, own) => {
  expect(isOwnOrigin(origin, host, secure)).toBe(own);
});
