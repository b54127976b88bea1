/** Proposed exceptions: as close as a request allows, readable by the policy file's own reader. */
import { expect, test } from "vitest";
import type { Match } from "../../../hosts/core/verdict.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";
import { proposeExceptions } from "../../../hosts/policy/proposal.ts";

const TERMS = { reason: "editors write about SQL", expiresAt: 1_801_440_000 };

function finding(point: string, stamp = "sqli-union", counts = true): Match {
  return { type: "sqli", stamp, cwe: [], severity: 5, point, reason: "", counts, exception: 0, layers: [] };
}

function proposed(request: string, ...findings: Match[]) {
  const { documents, notes } = proposeExceptions(
    Buffer.from(`${request} HTTP/1.1\r\nHost: A.x:80\r\n\r\n`),
    findings,
    TERMS,
  );
  const head = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {}\n";
  const { exceptions = [] } = parsePolicy([head, ...documents].join("---\n"), "policy");
  return { exceptions, notes };
}

test("one for each point, with its stamps", () => {
  const { exceptions } = proposed("POST /a", finding("query.a"), finding("query.b"), finding("query.a", "sqli-or"));
  expect(exceptions.map(({ point, ignore }) => [point, ignore.stamps])).toEqual([
    ["query.a", ["sqli-or", "sqli-union"]],
    ["query.b", ["sqli-union"]],
  ]);
  expect(exceptions[0]).toMatchObject({ match: { host: "a.x", method: "POST" }, ...TERMS });
});

test("none for a threshold, which says why", () => {
  const { exceptions, notes } = proposed("GET /a", finding("uri", "threshold-login"), finding("query.a"));
  expect(exceptions.map(({ ignore }) => ignore.stamps)).toEqual([["sqli-union"]]);
  expect(notes).toEqual([
    "threshold-login is a threshold of the policy, which no exception lifts; change the threshold",
  ]);
});

test("none for what does not count", () => {
  expect(proposed("GET /a", finding("query.a", "sqli-union", false)).exceptions).toEqual([]);
});

test.each([
  ["/a/b?c=/d", ["a", "b"]],
  ["/orders/12/items/9", ["orders", null, "items", null]],
  ["/u/0b6d2c1e-6f3a-4b57-9d6f-0a1b2c3d4e5f/x", ["u", null, "x"]],
  ["/c/5f2b8c0d9e1a3b4c5d6e", ["c", null]],
  ["/face/deadbeefcafe", ["face", "deadbeefcafe"]],
  ["http://a.x/y", ["y"]],
])("the path %s", (target, segments) => {
  expect(proposed(`GET ${target}`, finding("query.a")).exceptions[0]?.match.path?.segments).toEqual(segments);
});

test.each(["/a/../b", "/a//b", "/a%2Fb", "/a\\b", "*"])(
  "a path that servers read in two ways is left out: %s",
  (target) => {
    const { exceptions, notes } = proposed(`GET ${target}`, finding("query.a"));
    expect(exceptions[0]?.match.path).toBeUndefined();
    expect(notes).toHaveLength(1);
  },
);

test("numbers of items and names with stars are any", () => {
  const points = ["post.json_doc.array.3.hash.body", "query.a*b", "query.array.7"].map((point) => finding(point));
  expect(proposed("GET /a", ...points).exceptions.map(({ point }) => point)).toEqual([
    "post.json_doc.array.*.hash.body",
    "query.*",
    "query.array.*",
  ]);
});
