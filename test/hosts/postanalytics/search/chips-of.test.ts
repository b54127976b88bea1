/** From expressions to chips, and what chips cannot say. */
import { expect, test } from "vitest";
import { shortOf } from "../../../../hosts/postanalytics/search/chip.ts";
import { readSearch } from "../../../../hosts/postanalytics/search/search.ts";

test.each([
  [`type == "sqli" && ("xss" in type)`, "type:sqli type:xss"],
  [`!(host == "a" || host == "b")`, "!d:a,b"],
  [`host != "a"`, "!d:a"],
  [`host == "a*b"`, "d:a\\*b"],
  [`ip in ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"]`, "ip:10.0.0.0/8,2001:db8::/32,192.0.2.7"],
  [`ip == "2001:0db8:0:0:0:0:0:1"`, "ip:2001:db8::1"],
  [`status in [403, 404]`, "statuscode:403,404"],
  [`status > 400 && status <= 499`, "statuscode:>400 statuscode:<=499"],
  [`ts > now - duration("90m")`, "last:90m"],
  [`ts >= timestamp("2027-02-01T00:00:00Z")`, "time:>=2027-02-01T00:00:00.000Z"],
  [`!(!incident)`, "incident"],
  [`stamp.exists(s, s.endsWith("-1"))`, "stamp:*-1"],
])("%s is %s", (long, short) => {
  expect(readSearch(long).chips?.map(shortOf).join(" ")).toBe(short);
});

test.each([
  `host == "a" || path == "b"`,
  `host == "a" || host != "b"`,
  `!(host == "a" && path == "b")`,
  `stamp.all(s, s == "a")`,
  `incident == true`,
  `ts < now`,
  `status == -5`,
  `path.matches("[ab]")`,
])("%s is no row of chips", (long) => {
  expect(readSearch(long).chips).toBeNull();
});
