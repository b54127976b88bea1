/** Searches as people and programs write them, and random ones made of them. */
import { readSearch } from "../../../../hosts/postanalytics/search/search.ts";
import { pick, type Random } from "../../../bench/random.ts";

/** Searches that between them ask for every field with every comparison. */
export const SEARCHES: readonly string[] = [
  `type == "sqli"`,
  `"xss" in type && !("sqli" in type)`,
  `type != "sqli"`,
  `type.exists(t, t.startsWith("s") && t != "ssrf")`,
  `stamp.all(s, s.endsWith("-1"))`,
  `parameter.exists(p, "query.p1" == p || p.contains("drop table"))`,
  `path.startsWith("/api/") && status >= 400`,
  `path == "/a*b?c[d]%_\\\\'\\"🧱/x"`,
  `path.contains("%_")`,
  `path.endsWith("/x") || path.endsWith("")`,
  `path.matches("^/api/.*/1.$")`,
  `host.matches("site.\\\\.example") && method in ["POST", "PUT"]`,
  `ip == "::ffff:10.1.2.3"`,
  `ip in "10.0.0.0/8" || ip in "2001:db8::/32"`,
  `!(ip in ["11.0.0.0/8", "12.0.0.0/7"])`,
  `ts > now - duration("30m") && ts <= now`,
  `timestamp("2027-01-01T00:00:00Z") > ts`,
  `severity > 4 || hits >= 2`,
  `5 <= severity`,
  `count > 9223372036854775807`,
  `asn == 0 || asn in [64511, 64512]`,
  `incident`,
  `incident == false && !incident`,
  `app == "" || app == "7"`,
  `country in ["DE", "FR"] && list == "none"`,
  `request_id == ""`,
  `request_id.startsWith("req-1")`,
  `request_id != "" && request_id.contains("%")`,
  `label == ""`,
  `label == "false_positive"`,
  `true`,
  `false || mode == "block" && action != "blocked"`,
  "sqli,xss blocked",
  "!sqli d:SITE1.example",
  "url:/a\\*b\\?c[d]*",
  "url:/api/*/?? statuscode:400-499",
  "p:query.* cve:cve-2021-*",
  "vpatch exception:e-? decision:excepted",
  "!2001:db8::/32 !action:monitored !crlf",
  "N:>5 last:30m",
  "statuscode:403,200 severity:>=4",
  `request_id:"it's \\" a % _ \\\\* \\\\? \\\\\\\\ request"`,
];

/** A condition made of others. */
export function randomSearch(random: Random, depth: number): string {
  if (depth === 0) return `(${readSearch(pick(random, SEARCHES)).long})`;
  const [left, right] = [randomSearch(random, depth - 1), randomSearch(random, depth - 1)];
  return pick(random, [`(${left} && ${right})`, `(${left} || ${right})`, `!${left}`]);
}
