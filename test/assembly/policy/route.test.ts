/** Which scope counts for a request, by host, method and path; each row beside its near misses. */
import { describe, expect, test } from "vitest";
import { MODES } from "../../../hosts/core/verdict.ts";
import { Core } from "../core.ts";
import { type ScopeSettings, useObjects } from "../policy-image.ts";
import { type Asked, ATTACK, ask } from "../requests.ts";

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

test.each([
  ["/strict/../weak", "block"],
  ["/weak/../strict", "block"],
  ["/weak/%2e%2e/strict", "block"],
  ["/weak/..%2fstrict", "block"],
  ["/weak\\..\\strict", "block"],
  ["//strict", "block"],
  ["/weak/./x", "monitoring"],
  ["/weak/x/..", "monitoring"],
  [`/weak${"/x".repeat(50)}${"/..".repeat(51)}/strict`, "block"],
])("a path that servers read in two ways has the stricter mode of both: %s", (target, mode) => {
  const scopes = [
    { match: { path: "/strict/**" }, mode: "block" },
    { match: { path: "/weak/**" }, mode: "monitoring" },
  ] as const;
  useObjects(core, { mode: "off" }, { scopes });
  expect(modeOf("x", "GET", target)).toBe(mode);
});

test("each field is that of the closest scope that says it", () => {
  const scopes: ScopeSettings[] = [
    { match: { path: "/a/**" }, mode: "block", application: 7, limits: { holdBytes: "1Mi" } },
    { match: { path: "/a/b/**" }, limits: { inspectBytes: 2048 }, blockPage: { statusCode: 451 } },
    { match: { path: "/a/b/c" }, application: "named", failure: { oversize: "closed", overlimit: "open" } },
  ];
  useObjects(core, {}, { scopes });
  const { record } = ask(core, { target: "/a/b/c", method: "POST", body: "x".repeat(3000) });
  const field = (name: string): number => record.readUInt32LE(core.number(name));
  expect(field("RESULT_APPLICATION")).toBeGreaterThanOrEqual(0x8000_0000);
  expect([field("RESULT_HOLD_BYTES"), field("RESULT_PAGE"), field("RESULT_INSPECTED")]).toEqual([1024 * 1024, 1, 2048]);
  // Of overlimit and oversize, the third and the fourth bit.
  expect(field("RESULT_FAILURES")).toBe(8);
  const other = ask(core, { target: "/a" }).record;
  expect(other.readUInt32LE(core.number("RESULT_APPLICATION"))).toBe(7);
  expect(other.readUInt32LE(core.number("RESULT_FAILURES"))).toBe(4);
});

test("a parser that is off reads nothing, in its scope alone", () => {
  const script = "<script>alert(document.cookie)</script>";
  const encoded = Buffer.from(script).toString("base64");
  const token = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(`{"a":"${script}"}`).toString("base64url")}.`;
  const form = "application/x-www-form-urlencoded";
  const rows: readonly [disable: NonNullable<ScopeSettings["parsers"]>["disable"], asked: Asked, gone: RegExp][] = [
    [["base64"], { target: `/?a=${encoded}` }, /base64/],
    [["percent"], { target: `/?a=${encodeURIComponent(encodeURIComponent(script))}` }, />percent/],
    [["htmljs"], { target: `/?a=${encodeURIComponent("&lt;script&gt;alert(1)&lt;/script&gt;")}` }, /entity/],
    [["jwt", "base64"], { target: "/", fields: [["authorization", `Bearer ${token}`]] }, /\.jwt\./],
    [["json"], { target: "/", method: "POST", type: "application/json", body: `{"a":"${script}"}` }, /json_doc/],
    [["form_urlencoded"], { target: "/", method: "POST", type: form, body: `a=${ATTACK}` }, /form_urlencoded/],
    [["xml"], { target: "/", method: "POST", type: "text/xml", body: `<a><b>${ATTACK}</b></a>` }, /xml_tag|post\.xml/],
    [["cookie"], { target: "/", fields: [["cookie", `a=${ATTACK}`]] }, /\.cookie\./],
  ];
  for (const [disable = [], asked, gone] of rows) {
    useObjects(core, {}, { scopes: [{ match: { path: "/off" }, parsers: { disable } }] });
    const off = ask(core, { ...asked, target: asked.target?.replace("/", "/off") ?? "" }).line;
    expect(off, String(disable)).not.toMatch(gone);
    // What was looked at with less must not be remembered as harmless.
    expect(ask(core, asked).line, String(disable)).toMatch(gone);
  }
});
