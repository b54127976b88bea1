/** The short form: what words mean, and what is said of those that mean nothing. */
import { describe, expect, test } from "vitest";
import { readShortForm } from "../../../../hosts/postanalytics/search/short-form.ts";

const WORDS: readonly (readonly [string, string])[] = [
  ["sqli", "type is sqli"],
  ["!xss", "type is not xss"],
  ["-xss", "type is not xss"],
  ["sqli,XSS", "type is sqli or XSS"],
  ["type:new_type", "type is new_type"],
  ["shop-web", "app is shop-web"],
  ["blocked", "action is blocked"],
  ["!incident", "incident is not true"],
  ["falsepositive", "label is false_positive"],
  ["false_positive", "label is false_positive"],
  ["10.0.0.0/8", "ip is 10.0.0.0/8"],
  ["ip:192.0.2.1,2001:db8::/32", "ip is 192.0.2.1 or 2001:db8::/32"],
  ["CVE-2021-44228", "cve is CVE-2021-44228"],
  ["known:cve-2021-*", "cve is CVE-2021-*"],
  ["GET", "method is GET"],
  ["/api/*", "path is /api/*"],
  ["url:/a?b", "path is /a?b"],
  ["d:Shop.Example", "host is shop.example"],
  ["domain:*.example", "host is *.example"],
  ["p:query.id", "parameter is query.id"],
  ["statuscode:>=500", "status >= 500"],
  ["statuscode:400-499,503", "status is 400-499 or 503"],
  ["N:>10", "count > 10"],
  ["request_id:abc", "request_id is abc"],
  ["node_uuid:n1", "node is n1"],
  ["country:de", "country is DE"],
  ["01JD3Z8K6Q4TAAAA", "ref is 01JD3Z8K6Q4TAAAA"],
  ["last:24h", "last is 24h"],
  ["last:2w", "last is 336h"],
  ["time:>=2027-02-01", "ts >= 2027-02-01T00:00:00Z"],
  ['url:"/with space, and \\"quotes\\""', 'path is /with space, and "quotes"'],
  ['app:""', "app is "],
  ['d:"a b",c', "host is a b or c"],
];

test.each(WORDS)("%s means: %s", (word, says) => {
  const said = readShortForm(word).map(({ field, not, relation, values }) => {
    return `${field} ${relation}${not ? " not" : ""} ${values.join(" or ")}`;
  });
  expect(said).toEqual([says]);
});

test("words stand one after another, with any space between them", () => {
  expect(readShortForm("  sqli \t blocked\n!ip:10.0.0.0/8  ").map(({ field }) => field)).toEqual([
    "type",
    "action",
    "ip",
  ]);
});

describe("says what is wrong, and where", () => {
  const FAULTS: readonly (readonly [string, number, string])[] = [
    ["sqli utl:/x", 6, 'did you mean "url"?'],
    ["sqly", 1, 'did you mean "sqli"? For an application write app:sqly'],
    ["ip:300.1.1.1", 1, "is no network"],
    ["ip:10.0.0.1/8", 1, "bits beyond its prefix"],
    ["statuscode:abc", 1, "no whole number"],
    ["d:>5", 1, "> takes fields with numbers"],
    ["last:tomorrow", 1, "write last:24h"],
    ["time:>yesterday", 1, "is no time"],
    ["sqli type:", 6, "has no value"],
    ['blocked url:"open', 9, "a quote is open"],
    [">5", 1, "a comparison needs a field"],
    ["url:a*b*c*d*e*f*g*h*i*j", 1, "has 9 times *"],
    [Array.from({ length: 65 }, () => "sqli").join(" "), 321, "has 65 words"],
    [`app:${Array.from({ length: 257 }, (_, i) => i).join(",")}`, 1, "257 values"],
  ];
  test.each(FAULTS)("%s", (text, column, says) => {
    expect(() => readShortForm(text)).toThrow(says);
    expect(() => readShortForm(text)).toThrow(`column ${column}: `);
  });
});
