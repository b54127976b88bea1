/** From a record to exceptions: as close as it can be said. */
import { expect, test } from "vitest";
import { judge } from "../../../../hosts/postanalytics/policy/exception-preview.ts";
import { parseDraft } from "../../../../hosts/postanalytics/policy/overlay.ts";
import { proposalsOf } from "../../../../hosts/postanalytics/policy/record-proposal.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";

const TERMS = { reason: "editors write about SQL", expiresAt: 4_000_000_000 };

test("each point gets one, with what varies in its path left open, and it covers the record", () => {
  const record = sampleRecord({
    hits: [
      sampleHit(),
      sampleHit({ stamps: ["sqli-tautology"] }),
      sampleHit({ point_s: "post.json_doc.hash.a", stamps: ["sqli-union"] }),
      sampleHit({ point_s: "query.none", decision: "counted" }),
    ],
  });
  const { items, notes } = proposalsOf(record, TERMS);
  expect(notes).toEqual([]);
  expect(items.map(({ draft }) => [draft.match, draft.ignore.stamps])).toEqual([
    [{ method: "GET", host: "shop.example", path: "/articles/*", point: "query.id" }, ["sqli-tautology", "sqli-union"]],
    [{ method: "GET", host: "shop.example", path: "/articles/*", point: "post.json_doc.hash.a" }, ["sqli-union"]],
  ]);
  const covered = items.map(({ draft }) => judge(parseDraft("e", draft), record).hits.length);
  expect(covered).toEqual([2, 1]);
  expect(items[0]?.yaml).toContain("kind: WafException");
});

test("a path that servers read in two ways is left out, and said", () => {
  const request = { ...sampleRecord().request, path: "/a//b" };
  const { items, notes } = proposalsOf(sampleRecord({ request }), TERMS);
  expect(items[0]?.draft.match).toEqual({ method: "GET", host: "shop.example", point: "query.id" });
  expect(notes).toHaveLength(1);
});

test("a host that would begin another header does not", () => {
  const request = { ...sampleRecord().request, host: "a.example\r\nhost: evil.example" };
  expect(proposalsOf(sampleRecord({ request }), TERMS).items[0]?.draft.match.host).toBe("a.example");
});
