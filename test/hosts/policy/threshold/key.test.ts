/** What requests are told apart by: no spelling of the same path or host is another key, and no key is in the hash. */
import { describe, expect, test } from "vitest";
import type { Standing } from "../../../../hosts/core/threshold.ts";
import type { RequestHead } from "../../../../hosts/core/verdict.ts";
import { countryKey } from "../../../../hosts/policy/source-rows.ts";
import { clientKey, type KeySource, keyOf, partOf, valueHash } from "../../../../hosts/policy/threshold/key.ts";
import { parseKeyPart } from "../../../../hosts/policy/threshold/threshold.ts";

const SECRET = "s";
const V4 = 0xffffn << 32n;

function partIn(text: string, head: Partial<RequestHead> = {}, standing: Partial<Standing> = {}): string | undefined {
  const part = parseKeyPart(text);
  if (part === undefined) throw new Error(text);
  return partOf(part, sourceOf(head, standing));
}

function sourceOf(head: Partial<RequestHead> = {}, standing: Partial<Standing> = {}): KeySource {
  const low = V4 | 0xcb007107n;
  return {
    head: { method: "GET", target: "/", authority: "a.test", scheme: "http", rawHeaders: [], ...head },
    standing: {
      ...{ counted: [0, 0], clientHigh: 0n, clientLow: low, mode: "block", application: 0, list: "none" },
      ...standing,
    },
    places: () => [countryKey("DE"), 64_500],
  };
}

describe("paths", () => {
  test.each(["/a/b", "//a/b/", "/a/./b", "/x/../a/b", "/%61/b", "\\a\\b", "/a%2fb", "/a/b?c", "http://h/a/b"])(
    "%s is /a/b",
    (target) => {
      expect(partIn("path", { target })).toBe("/a/b");
      expect(partIn("path[2]", { target })).toBe("b");
      expect(partIn("path[3]", { target })).toBeUndefined();
    },
  );
});

test.each(["A.Test:8080", "a.test", "a.test.", "a.test.:80", "a.test:"])("the host %s is a.test", (authority) => {
  expect(partIn("host", { authority })).toBe("a.test");
});

test("names of headers have no case, and repeated values are joined", () => {
  const rawHeaders = ["X-Key", "1", "x-key", " 2"];
  expect(partIn('header["X-KEY"]', { rawHeaders })).toBe("1,2");
  expect(partIn('header["other"]', { rawHeaders })).toBeUndefined();
});

test("cookies and queries are read as their names are written", () => {
  expect(partIn('cookie["id"]', { rawHeaders: ["cookie", "a=b; id=%41=1", "cookie", "id=2"] })).toBe("A=1,2");
  expect(partIn('query["q x"]', { target: "/?q+x=a+b&q%20x=%26" })).toBe("a b,&");
  expect(partIn('query["q"]', { target: "/?Q=1&q" })).toBeUndefined();
});

describe("clients", () => {
  test("of IPv6 are networks of 64 bits, those of IPv4 addresses", () => {
    const clientHigh = 0x2001_0db8_0000_0001n;
    expect(partIn("ip", {}, { clientHigh, clientLow: 1n })).toBe(partIn("ip", {}, { clientHigh, clientLow: 2n }));
    expect(partIn("ip", {}, { clientLow: V4 | 1n })).not.toBe(partIn("ip", {}, { clientLow: V4 | 2n }));
  });

  test("without an address have no key", () => {
    expect(partIn("ip", {}, { clientLow: 0n })).toBeUndefined();
  });

  test("are in places by the databases", () => {
    expect(partIn("country")).toBe(String(countryKey("DE")));
    expect(partIn("asn")).toBe("64500");
  });

  test("have the key that lists ask for", () => {
    expect(keyOf([{ from: "ip", name: "" }], sourceOf(), SECRET)).toBe(clientKey(0n, V4 | 0xcb007107n, SECRET));
  });
});

test("a key is a hash of all its parts, told apart, with the secret; without one of them there is none", () => {
  const parts = [parseKeyPart('query["a"]'), parseKeyPart('query["b"]')].flatMap((part) => part ?? []);
  const key = (target: string, secret = SECRET): string | undefined => keyOf(parts, sourceOf({ target }), secret);
  expect(key("/?a=1&b=2")).toMatch(/^[\w-]{22}$/);
  expect(key("/?a=1&b=2")).not.toBe(key("/?a=12&b="));
  expect(key("/?a=1&b=2")).not.toBe(key("/?a=1&b=2", "other"));
  expect(key("/?a=1")).toBeUndefined();
  expect(valueHash("x", SECRET)).not.toBe(valueHash("x", "other"));
});

test("long values are told apart by their begin and length", () => {
  const part = parseKeyPart('query["a"]');
  const key = (value: string): string | undefined =>
    keyOf(part === undefined ? [] : [part], sourceOf({ target: `/?a=${value}` }), SECRET);
  expect(key("x".repeat(20_000))).not.toBe(key("x".repeat(20_001)));
});
