/** Entries of lists, as files write them and commands show them. */
import { expect, test } from "vitest";
import { entryText, ipListSchema } from "../../../hosts/policy/ip-list.ts";

test.each([
  ["cidr", "203.0.113.0/24", "203.0.113.0/24"],
  ["cidr", "203.0.113.7/32", "203.0.113.7"],
  ["cidr", "2001:DB8::/32", "2001:db8::/32"],
  ["cidr", "::/0", "::/0"],
  ["country", "DE", "country:DE"],
  ["asn", 64_500, "asn:64500"],
])("%s %s is shown as %s", (field, value, shown) => {
  const { entries } = ipListSchema.parse({ list: "deny", entries: [{ [field]: value }] });
  expect(entries.map(entryText)).toEqual([shown]);
});

test.each([
  [{}, "exactly one"],
  [{ cidr: "10.0.0.0/8", country: "DE" }, "exactly one"],
  [{ country: "de" }, "two capital letters"],
  [{ asn: 0 }, ">=1"],
  [{ cidr: "10.0.0.1/8" }, "bits beyond"],
])("%j is refused", (entry, says) => {
  const parsed = ipListSchema.safeParse({ list: "deny", entries: [entry] });
  expect(JSON.stringify(parsed.error?.issues)).toContain(says);
});
