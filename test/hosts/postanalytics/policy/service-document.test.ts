/** What a service has, as the console shows it: who made what, what a console cannot say, and edits of each change. */
import { expect, test } from "vitest";
import { applyEdit } from "../../../../hosts/policy/edit.ts";
import { parseObjects, parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import type { Change } from "../../../../hosts/postanalytics/policy/door.ts";
import { NO_OVERLAY } from "../../../../hosts/postanalytics/policy/overlay.ts";
import { editOf, inForceOf } from "../../../../hosts/postanalytics/policy/service-document.ts";
import { POLICY_TEXT } from "../stage.ts";

const HEAD = "apiVersion: merlon.dev/v1alpha1\nkind: ";
const ADDED = `${HEAD}WafException
metadata: { name: mine }
spec:
  match: { host: shop.example, path: /search, point: query.q }
  ignore: { types: [sqli] }
  reason: search for SQL
  expiresAt: 2098-01-01
---
${HEAD}WafException
metadata: { name: everything }
spec:
  match: { path: /raw, point: query.q }
  ignore: { all: true }
  reason: raw bytes
  expiresAt: 2098-01-01
---
${HEAD}WafIPList
metadata: { name: added-deny }
spec:
  list: deny
  entries: [{ cidr: 203.0.113.0/24, expiresAt: "2098-01-01T00:00:00Z" }, { country: DE }, { asn: 64500, reason: INC-1 }]
`;
const DOCUMENT = {
  ...{ version: 7, hash: "a".repeat(64), publishedAt: 1000, added: ADDED },
  base: { hash: "b".repeat(64), text: POLICY_TEXT },
  mode: { mode: "monitoring", reason: "INC-1" },
} as const;
const BASE = { policy: parsePolicy(POLICY_TEXT, "t"), text: POLICY_TEXT };

test("shows what was added, by whom where this console knows it, and the whole policy", () => {
  const draft = { match: {}, ignore: { stamps: [], types: [] }, reason: "", expiresAt: "2098-01-01" };
  const made = {
    ...NO_OVERLAY,
    exceptions: new Map([["mine", { item: draft, by: "ada", at: 5 }]]),
    mode: { item: { mode: "monitoring", reason: "INC-1" } as const, by: "bob", at: 6 },
  };
  const { overlay, policy, base, additions, generation } = inForceOf("policy.example", DOCUMENT, BASE, made);
  expect([generation, policy.mode, base.mode]).toEqual([7, "monitoring", "block"]);
  expect(policy.exceptions?.map(({ name }) => name)).toEqual(["from-file", "mine", "everything"]);
  expect([...overlay.exceptions]).toEqual([
    [
      "mine",
      expect.objectContaining({ by: "ada", at: 5, item: expect.objectContaining({ reason: "search for SQL" }) }),
    ],
  ]);
  // A console cannot say it, so it is shown with those that it does not take back.
  expect(base.exceptions?.map(({ name }) => name)).toEqual(["from-file", "everything"]);
  expect([...overlay.sources.keys()]).toEqual(["deny 203.0.113.0/24", "deny country:DE", "deny asn:64500"]);
  expect(overlay.mode).toMatchObject({ by: "bob", item: { mode: "monitoring" } });
  expect(additions).toContain("mode monitoring, whatever else");
  expect(parsePolicy(`${POLICY_TEXT}\n${additions}`, "t").exceptions?.length).toBe(3);
  const other = inForceOf("policy.example", { ...DOCUMENT, mode: { mode: "block", reason: "x" } }, BASE, made);
  expect(other.overlay.mode).toMatchObject({ by: "(a command)" });
});

test("what one change of the console adds, its opposite takes away", () => {
  const { overlay } = inForceOf("policy.example", DOCUMENT, BASE, NO_OVERLAY);
  const changes: Change[] = [
    ...[...overlay.exceptions].map(([name, { item }]): Change => ({ kind: "exception", name, draft: item })),
    ...[...overlay.sources.values()].map(({ item }): Change => {
      return { kind: "source", list: item.list, source: item.source, entry: item };
    }),
  ];
  let text = "";
  for (const change of changes) {
    const edit = editOf(change);
    if (edit.op !== "mode.set") text = applyEdit(text, edit).text;
  }
  const { exceptions, ipLists } = parseObjects(text, "t");
  expect(exceptions).toEqual(parseObjects(ADDED, "t").exceptions.filter(({ ignore }) => !ignore.all));
  expect(ipLists.flatMap(({ entries }) => entries).length).toBe(3);
  for (const change of changes) {
    const edit = editOf(
      change.kind === "exception"
        ? { ...change, draft: null }
        : change.kind === "source"
          ? { ...change, entry: null }
          : change,
    );
    if (edit.op !== "mode.set") text = applyEdit(text, edit).text;
  }
  expect(text).toBe("");
  expect(editOf({ kind: "mode", mode: "off", reason: "INC" })).toEqual({ op: "mode.set", mode: "off", reason: "INC" });
});
