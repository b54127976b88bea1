/** Content types: which parser they ask for, and the boundary of a multipart type. */
import { afterEach, describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const core = new Core("test");
/** `BodyKind` of assembly/decode/transaction.ts. */
const KINDS = ["none", "raw", "form", "multipart", "json", "sniff", "protobuf", "xml"] as const;

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
  ["application/x-protobuf", "protobuf"],
  ["application/vnd.google.protobuf", "protobuf"],
  ["application/grpc", "protobuf"],
  ["application/grpc-web+proto", "protobuf"],
  ["application/grpc+json", "json"],
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

/** `Coding`, `Charset` and `Framing` of assembly/decode/content.ts. */
const CODINGS = ["", "gzip", "deflate", "other"];
const CHARSETS = ["", "utf16le", "utf16be", "utf32le", "utf32be", "utf7", "ebcdic", "utf16", "utf32"];
const FRAMINGS = ["", "frames", "text"];

function ask(call: string, text: string): number {
  return core.call(call)(put(core, bytesOf(text)), text.length);
}

const ENCODINGS: readonly (readonly [list: string, codings: readonly string[]])[] = [
  ["gzip", ["gzip"]],
  [" X-GZIP ", ["gzip"]],
  ["identity", []],
  ["", []],
  [" , ,", []],
  ["deflate, gzip", ["gzip", "deflate"]],
  ["gzip,identity,br", ["other", "gzip"]],
  ["br, gzip, deflate", ["deflate", "gzip"]],
  ["gzipped", ["other"]],
];

test.each(ENCODINGS)("%j is undone as %j", (list, codings) => {
  const found = ask("codingsOf", list);
  const names = [CODINGS[found & 255], CODINGS[found >> 8]].filter((name) => name !== "");
  expect(names).toEqual(codings);
});

const SETS: readonly (readonly [type: string, set: string])[] = [
  ["text/plain", ""],
  ["text/plain; charset=utf-8", ""],
  ["text/plain;charset=ISO-8859-1", ""],
  ["text/plain; charset=UTF-16", "utf16"],
  ['text/plain; a=b; charset="utf_16LE"', "utf16le"],
  ["text/plain; charset = utf16be", "utf16be"],
  ["text/plain; charset=utf-32", "utf32"],
  ["text/plain; charset=UTF-32LE", "utf32le"],
  ["text/plain; charset=utf-32be", "utf32be"],
  ["text/plain; charset=utf-7", "utf7"],
  ["text/plain; charset=IBM037", "ebcdic"],
  ["text/plain; charset=ibm500", "ebcdic"],
  ["text/plain; charset=cp1047", "ebcdic"],
  ["text/plain; charset=ibm437", ""],
  ["text/plain; charset=", ""],
  ["text/plain; charset", ""],
];

test.each(SETS)("%j is in the set %j", (type, set) => {
  expect(CHARSETS[ask("charsetIn", type)]).toBe(set);
});

const FRAMED: readonly (readonly [type: string, framing: string])[] = [
  ["application/grpc", "frames"],
  ["Application/gRPC+proto", "frames"],
  ["application/grpc-web", "frames"],
  ["application/grpc-web-text", "text"],
  ["application/grpc-web-text+proto", "text"],
  ["application/connect+json", "frames"],
  ["application/proto", ""],
  ["application/json", ""],
];

test.each(FRAMED)("%j is framed as %j", (type, framing) => {
  expect(FRAMINGS[ask("framingOf", type)]).toBe(framing);
});
