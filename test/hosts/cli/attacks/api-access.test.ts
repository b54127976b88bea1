/** Addresses of a console: a token never crosses a network in clear. */
import { expect, test } from "vitest";
import { originOf } from "../../../../hosts/cli/attacks/api-access.ts";

test.each([
  ["https://merlon.example", "https://merlon.example"],
  ["https://merlon.example:9090/", "https://merlon.example:9090"],
  ["http://127.0.0.1:9090", "http://127.0.0.1:9090"],
  ["http://[::1]:9090", "http://[::1]:9090"],
  ["http://localhost:9090", "http://localhost:9090"],
])("%s is %s", (written, origin) => expect(originOf(written)).toBe(origin));

test.each([
  "http://merlon.example",
  "http://127.0.0.1.evil.example",
  "ftp://a",
  "merlon",
  "https://a/b",
  "https://u:p@a",
])("%s is refused", (written) => expect(() => originOf(written)).toThrow(/--api/));

test("a password in an address is not repeated", () => {
  expect(() => originOf("https://user:canary@a.example/")).not.toThrow(/canary/);
  expect(() => originOf("https://user:canary@a.example/")).toThrow(/--api/);
});
