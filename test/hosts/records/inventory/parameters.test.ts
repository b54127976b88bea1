/** Names in requests, also in hostile ones. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NAME_CHARS_MAX, PARAMETERS_MAX } from "../../../../hosts/records/inventory/endpoint.ts";
import {
  authenticationOf,
  bodyIn,
  type Found,
  headersIn,
  pairsIn,
} from "../../../../hosts/records/inventory/parameters.ts";

function shown({ params, isWhole }: Found): unknown {
  return [params.map(({ name, type }) => `${name.join(".")}:${type}`), isWhole];
}

test.each([
  ["a=1&b=x", [["a:integer", "b:string"], true]],
  ["a=1&a=2&c[]=3", [["a:array", "c:array"], true]],
  ["a%20b=1&=2&&c", [["a b:integer", "c:string"], false]],
  ["%zz=1", [["%zz:integer"], true]],
  [`${"n".repeat(NAME_CHARS_MAX + 1)}=1`, [[], false]],
] as const)("query %s", (query, expected) => {
  expect(shown(pairsIn(query, "query"))).toEqual(expected);
});

test("headers that everybody sends are none", () => {
  const headers = ["Host", "a", "X-Tenant", "7", "sec-ch-ua", "x", "X-Forwarded-For", "1.2.3.4", "Cookie", "a=b"];
  expect(shown(headersIn(headers))).toEqual([["x-tenant:integer"], true]);
});

test.each([
  [
    "application/json",
    '{"a":[1,"x"],"b":{},"12":{"c":1},"34":{"c":2}}',
    [["a.[]:integer", "a.[]:string", "b:object", "{id}.c:integer"], true],
  ],
  ["application/problem+json", "[]", [[], true]],
  ["application/json", "{", [[], false]],
  ["application/json", `{"a":${"[".repeat(20)}1${"]".repeat(20)}}`, [[`a${".[]".repeat(7)}:array`], true]],
  ["text/xml", "<a/>", [[], false]],
  [
    "multipart/form-data",
    '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nname="no"\r\n--x--',
    [["file:string"], true],
  ],
] as const)("body of %s: %s", (media, body, expected) => {
  const found = shown(bodyIn(Buffer.from(body), media));
  // Order of keys like numbers is the language's.
  expect(JSON.stringify(found).split("").sort().join("")).toBe(JSON.stringify(expected).split("").sort().join(""));
});

test("a body that is nested deep is read as far as names go", () => {
  const body = Buffer.from("[".repeat(7000) + "]".repeat(7000));
  expect(shown(bodyIn(body, "application/json"))).toEqual([[`${Array(8).fill("[]").join(".")}:array`], true]);
});

test("a body of many names is cut, and says so", () => {
  const body = JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}x`, 1])));
  const { params, isWhole } = bodyIn(Buffer.from(body), "application/json");
  expect([params.length, isWhole]).toEqual([PARAMETERS_MAX, false]);
});

test("any bytes are read without harm", () => {
  const media = fc.constantFrom("application/json", "multipart/form-data", "application/x-www-form-urlencoded");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), media, (bytes, type) => {
      const { params } = bodyIn(Buffer.from(bytes), type);
      for (const { name } of params) {
        for (const one of name) expect(one.length).toBeLessThanOrEqual(NAME_CHARS_MAX);
        expect(JSON.stringify(name)).not.toMatch(/\\u00[01]/);
      }
    }),
  );
});

test.each([
  [["Authorization", "Basic x"], "", "basic"],
  [["Authorization", "bearer x"], "", "bearer"],
  [["Authorization", "AWS4-HMAC-SHA256 x"], "", "key"],
  [["X-API-Key", "x"], "", "key"],
  [["Cookie", "theme=dark; PHPSESSID=1"], "", "cookie"],
  [["Cookie", "theme=dark"], "", "none"],
  [[], "api_key=1", "key"],
  [[], "", "none"],
] as const)("%j with ?%s is %s", (headers, query, way) => {
  expect(authenticationOf(headers, pairsIn(query, "query").params)).toBe(way);
});
