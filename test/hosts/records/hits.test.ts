/** Matches as hits: one for each type at each point. */
import { expect, test } from "vitest";
import type { Match } from "../../../hosts/core/verdict.ts";
import { hitsOf, namesOf } from "../../../hosts/records/hits.ts";
import { hitSchema } from "../../../hosts/records/record.ts";

function match(fields: Partial<Match> = {}): Match {
  return {
    type: "sqli",
    stamp: "sqli-union",
    cwe: ["CWE-89"],
    severity: 5,
    point: "query.id",
    reason: "because",
    counts: true,
    exception: 0,
    layers: [{ as: "raw", span: [4, 9], excerpt: Buffer.from("xx'\xff\0Z", "latin1"), excerptAt: 2 }],
    ...fields,
  };
}

test("matches of one type at one point are one hit, named after the one that says most", () => {
  const hits = hitsOf(
    [
      match({ stamp: "sqli-a", severity: 2, reason: "weak", counts: false }),
      match({ stamp: "sqli-b", cwe: ["CWE-564"] }),
      match({ point: "query.other" }),
      match({ type: "xss" }),
    ],
    [],
  );
  expect(hits.map(({ type, point_s }) => `${type} ${point_s}`)).toEqual([
    "sqli query.id",
    "sqli query.other",
    "xss query.id",
  ]);
  expect(hits[0]).toMatchObject({ stamps: ["sqli-a", "sqli-b"], cwe: ["CWE-89", "CWE-564"], severity: 5 });
  expect(hits[0]).toMatchObject({ reason: "because", decision: "would_block", exception: null });
  for (const hit of hits) expect(hitSchema.safeParse(hit).error).toBeUndefined();
});

test("the payload is the innermost span as text, the excerpt its exact bytes", () => {
  const [hit] = hitsOf([match()], []);
  expect(hit?.payload).toBe("'\\xff\\x00Z");
  expect(hit?.layers[0]).toMatchObject({ span: [4, 9], excerpt_at: 2 });
  expect(Buffer.from(hit?.layers[0]?.excerpt_b64 ?? "", "base64").toString("latin1")).toBe("xx'\xff\0Z");
});

test("decisions: an exception is named, what is too weak is counted", () => {
  const decide = (fields: Partial<Match>): unknown[] =>
    hitsOf([match(fields)], ["first", "second"]).flatMap(({ decision, exception }) => [decision, exception]);
  expect(decide({})).toEqual(["would_block", null]);
  expect(decide({ counts: false })).toEqual(["counted", null]);
  expect(decide({ counts: false, exception: 2 })).toEqual(["excepted", "second"]);
  expect(decide({ counts: false, exception: 9 })).toEqual(["excepted", null]);
});

test("stamps of known attacks say which", () => {
  expect(hitsOf([match({ stamp: "vpatch-cve-2021-3129" })], [])[0]?.cve).toEqual(["CVE-2021-3129"]);
  expect(hitsOf([match({ stamp: "sqli-cve" })], [])[0]?.cve).toEqual([]);
});

test.each([
  ["post.json_doc.hash.body", ["post", "json_doc", "hash", "body"]],
  ["query.a\\.b", ["query", "a\\.b"]],
  ["query.a\\\\.b", ["query", "a\\\\", "b"]],
  ["query.\\xff", ["query", "\\xff"]],
  ["", []],
])("the names of %j are %j", (point, names) => {
  expect(namesOf(point)).toEqual(names);
});
