/** Forms, queries and cookies: separators, missing signs, quotes, character sets, and types that say something else. */
import { type Case, type Kind, typed, type Written, wide } from "../case.ts";

const FORM = "application/x-www-form-urlencoded";

function spell(value: string): string {
  return encodeURIComponent(value);
}

function percent(value: string): string {
  return Buffer.from(value, "latin1").toString("hex").replace(/../g, "%$&");
}

function made(kind: Kind, name: string, write: (value: string) => Written, readBy?: string): Case {
  return readBy === undefined ? { name, kind, write } : { name, kind, write, readBy };
}

function form(name: string, write: (value: string) => string, readBy?: string, type = FORM): Case {
  return made("form", name, (value) => typed(type, write(value)), readBy);
}

function query(name: string, write: (value: string) => string, readBy?: string): Case {
  return made("query", name, (value) => ({ fields: [], text: write(value) }), readBy);
}

function cookie(name: string, write: (value: string) => string, readBy?: string): Case {
  return made("cookie", name, (value) => ({ fields: [], text: write(value) }), readBy);
}

function octal(value: string): string {
  return [...value].map((c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`).join("");
}

const SEMICOLON = "servers that split at semicolons";

/** All cases of pairs. */
export const PAIR_CASES: readonly Case[] = [
  form("plain", (value) => `v=${spell(value)}`),
  form("not escaped", (value) => `v=${value.replaceAll(" ", "+")}`),
  form("every byte escaped", (value) => `v=${percent(value)}`),
  form("the name escaped", (value) => `%76=${spell(value)}`),
  form("a semicolon between pairs", (value) => `a=1;v=${spell(value)}`, SEMICOLON),
  form("a semicolon behind", (value) => `v=${spell(value)};a=1`, SEMICOLON),
  form("no sign", (value) => spell(value)),
  form("no name", (value) => `=${spell(value)}`),
  form("two signs", (value) => `v==${spell(value)}`),
  form("a sign in the value", (value) => `v=a=${spell(value)}`),
  form("an escaped sign", (value) => `v%3d${spell(value)}`),
  form("an escaped separator", (value) => `a=1%26v=${spell(value)}`, "applications that decode twice"),
  form("the separator of markup", (value) => `a=1&amp;v=${spell(value)}`),
  form("empty pairs", (value) => `&&&v=${spell(value)}&&`),
  form("a line break in front", (value) => `\r\nv=${spell(value)}`),
  form("line breaks between pairs", (value) => `a=1\r\nv=${spell(value)}`, "readers of text/plain forms"),
  form("a byte order mark", (value) => `\xef\xbb\xbfv=${spell(value)}`),
  form("a bad escape", (value) => `a=%zz&v=${spell(value)}`),
  form("a bad escape in the value", (value) => `v=%zz%${spell(value)}`),
  form("a NUL", (value) => `a=%00&v=${spell(value)}`),
  form("twice", (value) => `v=a&v=${spell(value)}`),
  form("an array", (value) => `v[]=${spell(value)}`),
  form(
    "UTF-16, named",
    (value) => wide(`v=${value}`, "utf16le"),
    "servers that believe the type",
    `${FORM}; charset=utf-16le`,
  ),
  form(
    "EBCDIC escapes, named",
    (value) => `v=${ebcdic(value)}`,
    "servers that believe the type",
    `${FORM}; charset=ibm037`,
  ),
  form(
    "escapes of UTF-16, named",
    (value) => `v=${percent(wide(value, "utf16be"))}`,
    "servers that believe the type",
    `${FORM}; charset=utf-16be`,
  ),
  {
    ...form(
      "escapes of UTF-7, named",
      (value) => `v=${spell(utf7(value))}`,
      "servers that believe the type",
      `${FORM}; charset=utf-7`,
    ),
    told: true,
  },
  form("type in capitals", (value) => `v=${spell(value)}`, undefined, FORM.toUpperCase()),
  form("type with a parameter", (value) => `v=${spell(value)}`, undefined, `${FORM};charset=utf-8`),
  form("as text", (value) => `v=${spell(value)}`, "servers that ignore the type", "text/plain"),
  form("as JSON", (value) => `v=${spell(value)}`, "servers that ignore the type", "application/json"),
  form("as XML", (value) => `v=${spell(value)}`, "servers that ignore the type", "application/xml"),
  form(
    "as multipart",
    (value) => `v=${spell(value)}`,
    "servers that ignore the type",
    "multipart/form-data; boundary=XyZ",
  ),
  form(
    "as multipart without a boundary",
    (value) => `v=${spell(value)}`,
    "servers that ignore the type",
    "multipart/form-data",
  ),
  form("as binary", (value) => `v=${spell(value)}`, "servers that ignore the type", "application/octet-stream"),
  form("of an unknown type", (value) => `v=${spell(value)}`, "servers that ignore the type", "a/b"),
  made("form", "without a type", (value) => ({ fields: [], text: `a=1&v=${spell(value)}` }), "servers that guess"),
  query("plain", (value) => `v=${spell(value)}`),
  query("two question marks", (value) => `a=1?v=${spell(value)}`),
  query("a question mark in front", (value) => `?v=${spell(value)}`),
  query("a semicolon between pairs", (value) => `a=1;v=${spell(value)}`, SEMICOLON),
  query("no sign", (value) => spell(value)),
  query("no name", (value) => `=${spell(value)}`),
  query("a fragment", (value) => `a=1#v=${spell(value)}`, "servers that do not cut it off"),
  query("a fragment with a query", (value) => `a=1#?v=${spell(value)}`, "servers that do not cut it off"),
  query(
    "escapes of u",
    (value) => `v=${value.replace(/[^\w]/g, (c) => `%u00${c.charCodeAt(0).toString(16)}`)}`,
    "one server",
  ),
  cookie("plain", (value) => `v=${spell(value)}`, "frameworks that undo escapes in cookies"),
  cookie("not escaped", (value) => `v=${value.replaceAll(" ", "")}`),
  cookie("in quotes", (value) => `v="${value}"`),
  cookie("in quotes with escapes in octal", (value) => `v="${octal(value)}"`),
  cookie("in quotes with quoted pairs", (value) => `v="${value.replace(/[^\w]/g, "\\$&")}"`),
  cookie("in quotes with a semicolon", (value) => `v="a;${value}"`),
  cookie("behind a comma", (value) => `a=1, v=${value}`, "readers of RFC 2109"),
  cookie("with a version", (value) => `$Version=1; v="${value}"; $Path=/`),
  cookie("twice", (value) => `v=a; v=${value}`),
  cookie("no name", (value) => `=${value}`),
  cookie("no sign", (value) => `a=1; ${value.replaceAll(" ", "")}`),
  cookie("the name itself", (value) => `${value.replaceAll(" ", "")}=1`, "frameworks"),
  cookie("spaces around the sign", (value) => `v = ${value}`),
  cookie("no space behind the semicolon", (value) => `a=1;v=${value}`),
  cookie("a tab behind the semicolon", (value) => `a=1;\tv=${value}`),
];

/** Letters of code page 037, enough for the test's values. */
const EBCDIC: Readonly<Record<string, number>> = {
  ...Object.fromEntries([..."abcdefghi"].map((c, index) => [c, 0x81 + index])),
  ...Object.fromEntries([..."jklmnopqr"].map((c, index) => [c, 0x91 + index])),
  ...Object.fromEntries([..."stuvwxyz"].map((c, index) => [c, 0xa2 + index])),
  ...Object.fromEntries([..."0123456789"].map((c, index) => [c, 0xf0 + index])),
  ...{ " ": 0x40, ".": 0x4b, "<": 0x4c, "(": 0x4d, ")": 0x5d, "/": 0x61, ">": 0x6e, "=": 0x7e },
};

function ebcdic(value: string): string {
  return [...value].map((c) => `%${(EBCDIC[c] ?? 0x6f).toString(16)}`).join("");
}

function utf7(value: string): string {
  return value.replace(
    /[^\w .]/g,
    (c) => `+${Buffer.from(wide(c, "utf16be"), "latin1").toString("base64").replace(/=+$/, "")}-`,
  );
}
