/** What exceptions cover, told from records, held together with what the core decides on the same requests. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { fitsPoint, fitsRequest, ignoredStamps, templateText } from "../../../hosts/policy/coverage.ts";
import { compilePolicy } from "../../../hosts/policy/image.ts";
import { matchSchema, parseTemplate } from "../../../hosts/policy/match.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";

const ENGINE = Engine.load();
const NOW = 1_764_000_000;
const PAYLOAD = "1%20UNION%20SELECT%20password%20FROM%20users";

/** Whether the core lets the finding of a request pass by an exception with this scope. */
function coreExcepts(written: object, point: string | undefined, method: string, host: string, path: string): boolean {
  const exception = {
    name: "e",
    match: matchSchema.parse(written),
    point,
    ignore: { stamps: [], types: ["sqli"], all: false },
    reason: "test",
    expiresAt: NOW + 1000,
  };
  ENGINE.loadPolicy("active", compilePolicy({ ...defaultPolicy, mode: "block", exceptions: [exception] }));
  const transaction = ENGINE.begin("203.0.113.9", NOW);
  transaction.raw(Buffer.from(`${method} ${path}?q.r=${PAYLOAD} HTTP/1.1\r\nhost: ${host}\r\n\r\n`, "latin1"));
  transaction.end();
  const found = transaction.verdict().matches.find(({ type, point: at }) => type === "sqli" && at.startsWith("query"));
  transaction.free();
  if (found === undefined) throw new Error(`no finding in ${method} ${host} ${path}`);
  return !found.counts;
}

describe("a scope fits as in the core", () => {
  test.each<[object, string, string, string, boolean]>([
    [{}, "GET", "a.example", "/x", true],
    [{ method: "POST" }, "GET", "a.example", "/x", false],
    [{ host: "a.example" }, "GET", "A.example:8080", "/x", true],
    [{ host: "*.example" }, "GET", "a.example", "/x", true],
    [{ host: "*.example" }, "GET", "example", "/x", false],
    [{ host: "*.example" }, "GET", "notexample", "/x", false],
    [{ path: "/a/*" }, "GET", "h", "/a/7", true],
    [{ path: "/a/*" }, "GET", "h", "/a/", false],
    [{ path: "/a/*" }, "GET", "h", "/a/7/8", false],
    [{ path: "/a/**" }, "GET", "h", "/a", true],
    [{ path: "/a/**" }, "GET", "h", "/a/", true],
    [{ path: "/a/**" }, "GET", "h", "/a/b/c", true],
    [{ path: "/a/**" }, "GET", "h", "/ab", false],
    [{ path: "/**" }, "GET", "h", "/", true],
    [{ path: "/" }, "GET", "h", "/", true],
    [{ path: "/a%20b" }, "GET", "h", "/a%20b", true],
    [{ path: "/a" }, "GET", "h", "/%61", true],
    [{ path: "/admin/**" }, "GET", "h", "/x/../admin/y", false],
    [{ path: "/x/**" }, "GET", "h", "/x/../admin/y", false],
    [{ path: "/a/b" }, "GET", "h", "//a/b", false],
    [{ path: "/a/b" }, "GET", "h", "/a%2fb", false],
    [{ path: "/a/**" }, "GET", "h", "/a/./b", false],
    [{ path: "/a/**" }, "GET", "h", "/a\\b", false],
    [{ host: "h" }, "GET", "h", "/a//b/../c", false],
    [{ method: "GET" }, "GET", "h", "/a//b/../c", false],
    [{}, "GET", "h", "/a//b/../c", true],
  ])("%j for %s %s%s: %j", (written, method, host, path, fits) => {
    expect(fitsRequest(matchSchema.parse(written), { method, host, path })).toBe(fits);
    expect(coreExcepts(written, undefined, method, host, path)).toBe(fits);
  });

  test("for random templates and paths", () => {
    const segment = fc.constantFrom("a", "b", "..", ".", "", "%2e", "%61", "a%2fb", "c d");
    const step = fc.constantFrom("a", "b", "*", "c%20d");
    const template = fc.tuple(fc.array(step, { maxLength: 3 }), fc.boolean()).map(([steps, below]) => {
      return `/${[...steps, ...(below ? ["**"] : [])].join("/")}`;
    });
    const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/").replaceAll(" ", "%20")}`);
    fc.assert(
      fc.property(template, path, (written, asked) => {
        const fits = fitsRequest(matchSchema.parse({ path: written }), { method: "GET", host: "h", path: asked });
        expect(coreExcepts({ path: written }, undefined, "GET", "h", asked)).toBe(fits);
      }),
      { numRuns: 400 },
    );
  });
});

describe("a pattern of points fits", () => {
  test.each<[string, string, boolean]>([
    ["query.id", "query.id", true],
    ["query.id", "query.idx", false],
    ["query.*", "query.id", true],
    ["query.*", "query", false],
    ["query.*", "query.a\\.b", true],
    ["query.a.b", "query.a\\.b", false],
    ["**", "post.json_doc.hash.a", true],
    ["post.**", "post", true],
    ["post.**.body", "post.json_doc.hash.body", true],
    ["post.**.body", "post.body", true],
    ["post.**.body", "post.body.x", false],
    ["**.id", "query.id", true],
    ["query..", "query..", true],
  ])("%j for %j: %j", (pattern, point, fits) => expect(fitsPoint(pattern, point)).toBe(fits));

  test("as in the core, for random patterns", () => {
    const part = fc.constantFrom("query", "q\\.r", "*", "**", "q", "r");
    const pattern = fc
      .array(part, { minLength: 1, maxLength: 4 })
      .filter((all) => all.filter((one) => one === "**").length < 2);
    fc.assert(
      fc.property(pattern, (parts) => {
        const written = parts.join(".");
        expect(coreExcepts({}, written, "GET", "h", "/")).toBe(fitsPoint(written, "query.q\\.r"));
      }),
      { numRuns: 300 },
    );
  });
});

describe("an exception takes out", () => {
  const place = { method: "GET", host: "h", path: "/a" };
  const finding = { type: "sqli", stamps: ["sqli-union", "sqli-tautology"], point: "query.id" };
  const ignore = { stamps: [], types: [], all: false };

  test.each<[object, string | undefined, readonly string[]]>([
    [{ all: true }, undefined, finding.stamps],
    [{ types: ["sqli"] }, "query.*", finding.stamps],
    [{ types: ["xss"] }, undefined, []],
    [{ stamps: ["sqli-union", "xss-tag"] }, "query.id", ["sqli-union"]],
    [{ stamps: ["sqli-union"] }, "query.x", []],
  ])("%j at %j: %j", (said, point, stamps) => {
    expect(ignoredStamps({ match: {}, point, ignore: { ...ignore, ...said } }, finding, place)).toEqual(stamps);
  });

  test("nothing of other requests", () => {
    const match = matchSchema.parse({ path: "/b" });
    expect(ignoredStamps({ match, point: undefined, ignore: { ...ignore, all: true } }, finding, place)).toEqual([]);
  });
});

test.each(["/", "/a", "/a/", "/a/*", "/a/**", "/**", "/*/b", "/a%20b", "/a%2Ab", "/%25", "/a%3Fb"])(
  "the template %s is written as it was read",
  (text) => {
    const template = parseTemplate(text);
    if (typeof template === "string") throw new Error(template);
    expect(templateText(template)).toBe(text);
  },
);
