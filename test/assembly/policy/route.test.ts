/** Which scope counts for a request, by host, method and path; each row beside its near misses. */
import { describe, expect, test } from "vitest";
import { MODES } from "../../../hosts/core/verdict.ts";
import { Core } from "../core.ts";
import { type ScopeSettings, useObjects } from "../policy-image.ts";
import { ask } from "../requests.ts";

const core = new Core("checked");

function modeOf(authority: string, method: string, target: string): string | undefined {
  const { record } = ask(core, { authority, method, target });
  return MODES[record.readUInt32LE(core.number("RESULT_MODE"))];
}

/** The match of one scope, requests that fit it, and requests that do not. */
const ONE: readonly { match: ScopeSettings["match"]; fits: readonly string[]; misses: readonly string[] }[] = [
  {
    match: { path: "/a/b" },
    fits: ["GET shop.example /a/b", "POST x /a/b?c=d", "GET x /%61/b", "GET x http://y/a/b"],
    misses: [
      "GET x /a",
      "GET x /a/b/",
      "GET x /a/b/c",
      "GET x /A/b",
      "GET x /ab",

      "GET x /",
      "GET x *",
    ],
  },
  {
    match: { path: "/a/**" },
    fits: ["GET x /a", "GET x /a/", "GET x /a/b/c", "GET x /a?b", `GET x /a${"/b".repeat(100)}`],
    misses: ["GET x /", "GET x /ab", "GET x /b/a", "GET x a"],
  },
  { match: { path: "/**" }, fits: ["GET x /", "GET x /a/b", "GET x //"], misses: ["OPTIONS x *", "GET x a"] },
  { match: { path: "/" }, fits: ["GET x /", "GET x /?a"], misses: ["GET x /a", "OPTIONS x *"] },
  { match: { path: "/a/*/c" }, fits: ["GET x /a/b/c", "GET x /a/%2a/c"], misses: ["GET x /a/c", "GET x /a/b/d/c"] },
  { match: { path: "/a/*" }, fits: ["GET x /a/b"], misses: ["GET x /a/", "GET x /a", "GET x /a/b/c"] },
  { match: { path: "/a%20b" }, fits: ["GET x /a%20b", "GET x /%61%20b"], misses: ["GET x /a+b", "GET x /a%2520b"] },
  { match: { method: "PUT" }, fits: ["PUT x /a", "PUT x *"], misses: ["put x /a", "PUTS x /a", "GET x /PUT"] },
  {
    match: { host: "Shop.Example" },
    fits: ["GET shop.example /", "GET SHOP.example:8080 /", "GET shop.example. /", "OPTIONS shop.example *"],
    misses: ["GET www.shop.example /", "GET shop.exampl /", "GET xshop.example /", "GET shop.example.net /"],
  },
  {
    match: { host: "*.shop.example" },
    fits: ["GET www.shop.example /", "GET a.b.shop.example:80 /", "GET A.SHOP.EXAMPLE /"],
    misses: ["GET shop.example /", "GET wwwshop.example /", "GET www.shop.example.net /"],
  },
  { match: { host: "[::1]" }, fits: ["GET [::1]:8080 /", "GET [::1] /"], misses: ["GET [::2] /"] },
  {
    match: { host: "a.example", method: "POST", path: "/x/*" },
    fits: ["POST a.example /x/1"],
    misses: ["GET a.example /x/1", "POST b.example /x/1", "POST a.example /x"],
  },
];

describe.each(ONE)("$match", ({ match, fits, misses }) => {
  test.each(fits)("fits %s", (request) => {
    useObjects(core, { mode: "off" }, { scopes: [{ match, mode: "block" }] });
    const [method = "", host = "", target = ""] = request.split(" ");
    expect(modeOf(host, method, target)).toBe("block");
  });

  test.each(misses)("does not fit %s", (request) => {
    useObjects(core, { mode: "off" }, { scopes: [{ match, mode: "block" }] });
    const [method = "", host = "", target = ""] = request.split(" ");
    expect(modeOf(host, method, target)).toBe("off");
  });
});

test.each([
  ["a path before a wildcard", { path: "/a/*" }, { path: "/a/b" }, "GET x /a/b"],
  ["a literal first before one that follows", { path: "/*/b" }, { path: "/a/*" }, "GET x /a/b"],
  ["a longer prefix before a shorter one", { path: "/a/**" }, { path: "/a/b/**" }, "GET x /a/b/c"],
  ["a segment before whatever follows", { path: "/a/**" }, { path: "/a/*" }, "GET x /a/b"],
  ["a host before none, whatever their paths", { path: "/a/b" }, { host: "x" }, "GET x /a/b"],
  ["a host before one with a wildcard", { host: "*.x", path: "/a" }, { host: "a.x" }, "GET a.x /a"],
  ["a longer wildcard of hosts before a shorter one", { host: "*.x" }, { host: "*.b.x" }, "GET a.b.x /"],
  ["a path before a method", { method: "GET" }, { path: "/a" }, "GET x /a"],
  ["a method before none", { path: "/a" }, { path: "/a", method: "GET" }, "GET x /a"],
] satisfies [string, ScopeSettings["match"], ScopeSettings["match"], string][])(
  "%s",
  (_why, wider, closer, request) => {
    const [method = "", host = "", target = ""] = request.split(" ");
    for (const scopes of [
      [wider, closer],
      [closer, wider],
    ]) {
      const written = scopes.map((match) => ({ match, mode: match === closer ? "block" : "monitoring" }) as const);
      useObjects(core, { mode: "off" }, { scopes: written });
      expect(modeOf(host, method, target)).toBe("block");
    }
  },
);
