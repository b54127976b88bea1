/** JSON bodies: what RFC 8259 leaves open, and what lenient readers take. */
import { type Case, typed, type Written, wide } from "../case.ts";

const TYPE = "application/json";

function json(name: string, write: (text: string) => string, readBy?: string, type = TYPE): Case {
  const written = (value: string): Written => typed(type, write(JSON.stringify(value).slice(1, -1)));
  return readBy === undefined ? { name, kind: "json", write: written } : { name, kind: "json", write: written, readBy };
}

const LENIENT = "readers of JSON5 or JSON with comments";

/** All cases of JSON bodies. */
export const JSON_CASES: readonly Case[] = [
  json("plain", (text) => `{"v":"${text}"}`),
  json("a key twice, first counts", (text) => `{"v":"${text}","v":"a"}`, "readers that keep the first"),
  json("a key twice, last counts", (text) => `{"v":"a","v":"${text}"}`),
  json("a key twice, one with an escape", (text) => `{"v":"a","\\u0076":"${text}"}`),
  json("a key in capitals", (text) => `{"v":"a","V":"${text}"}`),
  json("a line comment", (text) => `{// "\n"v":"${text}"}`, LENIENT),
  json("a block comment", (text) => `{/* " */"v":"${text}"}`, LENIENT),
  json("a hash comment", (text) => `{# "\n"v": "${text}"}`, LENIENT),
  json("a comment around a value", (text) => `{"v":/*a*/"${text}"/*b*/}`, LENIENT),
  json("a value behind a comment with a quote", (text) => `{"a":1,/*"*/"v":"${text}"}`, LENIENT),
  json("not a number", (text) => `{"a":NaN,"v":"${text}"}`),
  json("infinity", (text) => `{"a":-Infinity,"v":"${text}"}`),
  json("a trailing comma", (text) => `{"v":"${text}",}`, LENIENT),
  json("a trailing comma before", (text) => `{"a":[1,],"v":"${text}"}`, LENIENT),
  json("an empty element", (text) => `{"a":[1,,2],"v":"${text}"}`, LENIENT),
  json("a lone surrogate", (text) => `{"a":"\\ud800","v":"${text}"}`),
  json("a lone surrogate beside it", (text) => `{"v":"\\udc00 ${text}"}`),
  json("a byte order mark", (text) => `\xef\xbb\xbf{"v":"${text}"}`),
  json("UTF-16, low first", (text) => wide(`{"v":"${text}"}`, "utf16le")),
  json("UTF-16, high first", (text) => wide(`{"v":"${text}"}`, "utf16be")),
  json("UTF-16 with a mark", (text) => `\xff\xfe${wide(`{"v":"${text}"}`, "utf16le")}`),
  { ...json("UTF-16 behind a space", (text) => wide(` {"v":"${text}"}`, "utf16le")), told: true },
  json("UTF-16, named", (text) => wide(`{"v":"${text}"}`, "utf16be"), "servers", "application/json; charset=utf-16"),
  json("UTF-32, low first", (text) => wide(`{"v":"${text}"}`, "utf32le")),
  json("UTF-32, high first", (text) => wide(`{"v":"${text}"}`, "utf32be")),
  json("UTF-7, named", (text) => `{"v":"${text.replace("/", "+AC8-")}"}`, "servers", "application/json; charset=utf-7"),
  json("deep", (text) => `${'{"a":'.repeat(60)}"${text}"${"}".repeat(60)}`),
  json("very deep", (text) => `${"[".repeat(900)}"${text}"${"]".repeat(900)}`),
  json("in single quotes", (text) => `{'v':'${text}'}`, LENIENT),
  json("a key without quotes", (text) => `{v:"${text}"}`, LENIENT),
  json("keys and values without quotes", (text) => `{a:b, v: "${text}"}`, LENIENT),
  json("a bad escape", (text) => `{"v":"\\q${text}"}`, "readers that drop the backslash"),
  json("an escape of JavaScript", (text) => `{"v":"${text.replace("/", "\\x2f")}"}`, LENIENT),
  json("an escape in a key", (text) => `{"a":{"\\u0076":"${text}"}}`),
  json("a control character", (text) => `{"a":"x\ty","v":"${text}"}`, LENIENT),
  json("a line break in a string", (text) => `{"a":"x\ny","v":"${text}"}`, LENIENT),
  json("a long literal", (text) => `{"a":1e400,"v":"${text}"}`),
  json("a number with a plus", (text) => `{"a":+1,"v":"${text}"}`, LENIENT),
  json("a number in hex", (text) => `{"a":0x1f,"v":"${text}"}`, LENIENT),
  json("a number with a leading zero", (text) => `{"a":01,"v":"${text}"}`, LENIENT),
  json("a number that begins with a point", (text) => `{"a":.5,"v":"${text}"}`, LENIENT),
  json("a bare word", (text) => `{"a":undefined,"v":"${text}"}`, LENIENT),
  json("a guard in front", (text) => `)]}',\n{"v":"${text}"}`, "clients and servers that strip the guard"),
  json("two documents", (text) => `{"a":1}\n{"v":"${text}"}`, "readers of NDJSON"),
  json("two documents on a line", (text) => `{"a":1}{"v":"${text}"}`, "streaming readers"),
  json("garbage behind", (text) => `{"v":"${text}"}}}garbage`, "streaming readers"),
  json("a string alone", (text) => `"${text}"`),
  json("the key itself", (text) => `{"${text}":1}`),
  json("in a string of JSON", (text) => `{"a":${JSON.stringify(`{"v":"${text}"}`)}}`, "applications that parse again"),
  json("no quote at the end", (text) => `{"v":"${text}`, "streaming readers"),
  json("cut", (text) => `{"v":"${text}"`, "streaming readers"),
  json("broken earlier", (text) => `{"a":}{"v":"${text}"}`, "readers that recover"),
  json("broken by a quote", (text) => `{"a":"b"c","v":"${text}"}`, "readers that recover"),
  json("a NUL in front", (text) => `\0{"v":"${text}"}`, "readers of C strings with a length"),
  json("as text", (text) => `{"v":"${text}"}`, "servers that ignore the type", "text/plain"),
  json("as a form", (text) => `{"v":"${text}"}`, "servers that ignore the type", "application/x-www-form-urlencoded"),
  json("as XML", (text) => `{"v":"${text}"}`, "servers that ignore the type", "application/xml"),
  json(
    "as multipart without a boundary",
    (text) => `{"v":"${text}"}`,
    "servers that ignore the type",
    "multipart/form-data",
  ),
  json(
    "as multipart",
    (text) => `{"v":"${text}"}`,
    "servers that ignore the type",
    "multipart/form-data; boundary=XyZ",
  ),
  json("as binary", (text) => `{"v":"${text}"}`, "servers that ignore the type", "application/octet-stream"),
  json("of a vendor", (text) => `{"v":"${text}"}`, "APIs", "application/vnd.api+json"),
  json("of an unknown type", (text) => `{"v":"${text}"}`, "servers that ignore the type", "x"),
  { name: "without a type", kind: "json", write: (value) => ({ fields: [], text: JSON.stringify({ v: value }) }) },
];
