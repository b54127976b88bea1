/** Chips: how each is written in both forms. */
import { expect, test } from "vitest";
import { type Chip, longOf, shortOf } from "../../../../hosts/postanalytics/search/chip.ts";
import { fieldOf } from "../../../../hosts/postanalytics/search/fields.ts";

function chip(field: string, ...values: string[]): Chip {
  return { field, not: false, relation: "is", values };
}

const CHIPS: readonly (readonly [Chip, string, string])[] = [
  [chip("type", "sqli"), "type:sqli", 'type == "sqli"'],
  [chip("type", "sqli", "xss"), "type:sqli,xss", '(type == "sqli" || type == "xss")'],
  [{ ...chip("type", "sqli"), not: true }, "!type:sqli", '!(type == "sqli")'],
  [chip("type", "sq*"), "type:sq*", 'type.exists(t, t.startsWith("sq"))'],
  [chip("action", "blocked"), "blocked", 'action == "blocked"'],
  [{ ...chip("incident", "true"), not: true }, "!incident", "!incident"],
  [chip("path", "/a*"), "url:/a*", 'path.startsWith("/a")'],
  [{ ...chip("path", "*/x"), not: true }, "!url:*/x", '!path.endsWith("/x")'],
  [chip("path", "*a b*"), 'url:"*a b*"', 'path.contains("a b")'],
  [chip("path", "/a?.*"), "url:/a?.*", 'path.matches("^/a.\\\\..*$")'],
  [chip("host", "a", "b"), "d:a,b", 'host in ["a", "b"]'],
  [chip("host", 'quo"te'), 'd:"quo\\"te"', 'host == "quo\\"te"'],
  [chip("ip", "10.0.0.0/8"), "ip:10.0.0.0/8", 'ip in "10.0.0.0/8"'],
  [chip("ip", "192.0.2.1"), "ip:192.0.2.1", 'ip == "192.0.2.1"'],
  [chip("status", "400-499", "503"), "statuscode:400-499,503", "((status >= 400 && status <= 499) || status == 503)"],
  [{ ...chip("status", "500"), relation: ">=" }, "statuscode:>=500", "status >= 500"],
  [chip("last", "24h"), "last:24h", 'ts > now - duration("24h")'],
];

test.each(CHIPS)("%j is %s, and %s", (one, short, long) => {
  expect(shortOf(one)).toBe(short);
  expect(longOf(one, fieldOf(one.field))).toBe(long);
});
