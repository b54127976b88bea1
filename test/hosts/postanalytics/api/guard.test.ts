/**
 * Cookies and where a change comes from. The rest of the guard is driven over sockets by mount.test.ts and
 * session.test.ts.
 */
import { describe, expect, test } from "vitest";
import { cookieName, cookieOf, refuseForeign, setCookie } from "../../../../hosts/postanalytics/api/guard.ts";
import { OPERATIONS } from "../../../../hosts/postanalytics/api/operations.ts";

const asked = (headers: Record<string, string>): Request =>
  new Request("http://a.example/", { method: "POST", headers });

test.each([
  ["merlon=x", "x"],
  ["a=1; merlon=x; b=2", "x"],
  ["merlon=x=y", "x=y"],
  ["xmerlon=1", ""],
  ["merlon", ""],
  ["", ""],
  ["merlon=first; merlon=second", "first"],
])("the cookie in %j is %j", (cookie, value) => expect(cookieOf(asked({ cookie }), "merlon")).toBe(value));

test("over TLS a cookie is bound to the host", () => {
  expect(cookieName(true)).toBe("__Host-merlon");
  expect(setCookie("__Host-merlon", "x", 5, true)).toBe(
    "__Host-merlon=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=5; Secure",
  );
  expect(setCookie("merlon", "", 0, false, "Lax")).toBe("merlon=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
});

describe("a change", () => {
  const ours = { host: "a.example", "x-merlon-console": "1", origin: "http://a.example" };
  test.each<[string, Record<string, string>, boolean]>([
    ["of our page", ours, true],
    ["of a program that sends no origin", { host: "a.example", "x-merlon-console": "1" }, true],
    ["with a token", { host: "a.example", authorization: "Bearer x", origin: "http://evil.example" }, true],
    ["without the header", { host: "a.example", origin: "http://a.example" }, false],
    ["of another page", { ...ours, origin: "http://evil.example" }, false],
    ["of another page, as the browser says", { ...ours, "sec-fetch-site": "same-site" }, false],
  ])("%s", (_what, headers, allowed) => {
    const judging = (): void => refuseForeign(asked(headers), OPERATIONS.addUser, false);
    if (allowed) judging();
    else expect(judging).toThrow(/did not come from a page/);
    expect(() => refuseForeign(asked(headers), OPERATIONS.users, false)).not.toThrow();
  });
});
