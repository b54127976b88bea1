/** Changes of single objects in a text: what was asked for changes, and everything else stays as it was written. */
import { expect, test } from "vitest";
import { applyEdit, type Edit, editSchema, parseEntry } from "../../../hosts/policy/edit.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";

const FILE = `# the shop's policy
apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec:
  defaults: { mode: block } # strict
---
# known to be harmless
apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: { name: old }
spec: { ignore: { stamps: [sqli-union] }, reason: "a --- b", expiresAt: 2030-01-01 }
---
apiVersion: merlon.dev/v1alpha1
kind: WafIPList
spec:
  list: deny
  entries:
    - { cidr: 203.0.113.0/24, reason: INC-1 } # the first
    - { cidr: 198.51.100.1 }
`;
const NEW = `apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: { name: new }
spec: { ignore: { types: [xss] }, reason: ours, expiresAt: 2030-01-01 }
`;

function edit(text: string, change: Edit): string {
  const { text: after } = applyEdit(text, editSchema.parse(change));
  parsePolicy(after, "merlon.yaml");
  return after;
}

test("an exception comes and goes, and the text is as before", () => {
  const after = edit(FILE, { op: "exception.apply", text: NEW });
  expect(after).toContain(FILE);
  expect(parsePolicy(after, "a").exceptions?.map(({ name }) => name)).toEqual(["old", "new"]);
  expect(edit(after, { op: "exception.undo" })).toBe(FILE);
  expect(edit(after, { op: "exception.undo", name: "new" })).toBe(FILE);
  expect(edit(after, { op: "exception.undo", name: "old" })).toBe(
    `${FILE.split("---\n# known")[0]}---\n${FILE.slice(FILE.lastIndexOf("apiVersion"))}---\n${NEW}`,
  );
});

test("an exception that is ended stays, with its comment", () => {
  const after = edit(FILE, { op: "exception.expire", name: "old", at: 1_800_000_000 });
  expect(after).toContain("# known to be harmless");
  expect(parsePolicy(after, "a").exceptions?.[0]?.expiresAt).toBe(1_800_000_000);
});

test("entries go to a list of their own, get a new end, and go from every list", () => {
  const add: Edit = { op: "list.add", list: "deny", entry: "192.0.2.7", expiresAt: 1_900_000_000, reason: "INC-2" };
  const once = edit(FILE, add);
  expect(once).toContain(FILE);
  expect(once).toContain("name: added-deny");
  const twice = edit(once, { ...add, expiresAt: 1_950_000_000 });
  expect(parsePolicy(twice, "a").ipLists?.[1]?.entries).toMatchObject([{ expiresAt: 1_950_000_000, reason: "INC-2" }]);
  expect(edit(twice, { op: "list.remove", entry: "192.0.2.7" })).toBe(FILE);
  const fewer = edit(FILE, { op: "list.remove", entry: "198.51.100.1/32" });
  expect(fewer).toContain("# the first");
  expect(fewer).not.toContain("198.51.100.1");
});

test.each<[Edit, string]>([
  [{ op: "exception.apply", text: "" }, "no exception to apply"],
  [{ op: "exception.apply", text: NEW.replace("new", "old") }, "an exception old already"],
  [{ op: "exception.apply", text: NEW.replace("metadata: { name: new }\n", "") }, "no name"],
  [{ op: "exception.apply", text: NEW.replace("reason", "reson") }, 'did you mean "reason"'],
  [{ op: "exception.apply", text: FILE }, "WafPolicy"],
  [{ op: "exception.expire", name: "olt", at: 1 }, 'did you mean "old"'],
  [{ op: "exception.undo", name: "nobody" }, "there is no exception"],
  [{ op: "list.add", list: "deny", entry: "10.0.0.1/8" }, "bits beyond"],
  [{ op: "list.add", list: "deny", entry: "asn:x\u001b[2J" }, '"asn:x?[2J" is no country or system'],
  [{ op: "list.remove", entry: "192.0.2.1" }, "is on no list here"],
])("%j is refused", (change, says) => {
  expect(() => applyEdit(FILE, change)).toThrowError(says);
});

test("entries are networks, countries or systems", () => {
  expect(parseEntry("country:de")).toEqual({ country: "DE" });
  expect(parseEntry("ASN:64500")).toEqual({ asn: 64_500 });
  for (const text of ["country:DEU", "asn:0", "asn:4294967296", "host.example", ""]) {
    expect(() => parseEntry(text), text).toThrowError(/^"/);
  }
});
