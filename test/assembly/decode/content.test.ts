/** Content types: which parser they ask for, and the boundary of a multipart type. */
import { afterEach, describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const core = new Core("test");
/** `BodyKind` of assembly/decode/transaction.ts. */
const KINDS = ["none", "raw", "form", "multipart", "json", "sniff", "xml"] as const;

afterEach(() => dropAll(core));

function kindOf(type: string): string | undefined {
  return KINDS[core.call("bodyKindOf")(put(core, bytesOf(type)), type.length)];
}

const TYPES: readonly (readonly [type: string, kind: (typeof KINDS)[number]])[] = [
  ["application/x-www-form-urlencoded", "form"],
  ["Application/X-WWW-Form-Urlencoded;charset=utf-8", "form"],
  ["  application/x-www-form-urlencoded", "form"],
  ["application/json", "json"],
  ["application/problem+JSON; charset=utf-8", "json"],
  ["text/json", "json"],
  ["application/x-ndjson", "json"],
  ["text/plain; note=json", "sniff"],
  ["text/plain, application/json", "sniff"],
  ["multipart/form-data; boundary=a", "multipart"],
  ["multipart/form-data", "sniff"],
  ["multipart/form-data; boundary=", "sniff"],
  ["text/html", "sniff"],
  ["application/graphql", "raw"],
  ["application/graphql-response+json", "json"],
  ["text/xml", "xml"],
  ["application/XML ; charset=utf-8", "xml"],
  ["application/soap+xml; action=a", "xml"],
  ["image/svg+xml", "xml"],
  ["application/xml-dtd", "xml"],
  ["application/vnd.ms-sync.wbxml", "sniff"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "sniff"],
  ["", "sniff"],
  [";;;", "sniff"],
  [`${"x".repeat(2000)}/json`, "sniff"],
];

test.each(TYPES)("%j asks for %s", (type, kind) => {
  expect(kindOf(type)).toBe(kind);
});

const BOUNDARIES: readonly (readonly [parameters: string, boundary: string | null])[] = [
  ["; boundary=abc", "abc"],
  [";BOUNDARY = abc ", "abc"],
  ['; charset=x; boundary="a b;c"', "a b;c"],
  ["; boundary=abc; boundary=def", "abc"],
  ["; boundary=abc,def", "abc"],
  ["; boundary", null],
  ["; notboundary=a", null],
  ['; boundary="', null],
  ["; boundary=;", null],
];

test.each(BOUNDARIES)("multipart/form-data%s has the boundary %j", (parameters, boundary) => {
  expect(kindOf(`multipart/form-data${parameters}`)).toBe(boundary === null ? "sniff" : "multipart");
  if (boundary === null) return;
  const at = core.number("boundaryAt");
  expect(core.bytes.toString("latin1", at, at + core.number("boundarySize"))).toBe(boundary);
});

describe("the first byte of a body", () => {
  test("of a document is a brace, a bracket or a less-than sign, of anything else not", () => {
    for (let byte = 0; byte < 256; byte++) {
      const kind = KINDS[core.call("sniffKind")(byte)];
      const first = String.fromCharCode(byte);
      expect(kind).toBe(first === "<" ? "xml" : "[{".includes(first) ? "json" : "raw");
    }
  });
});
