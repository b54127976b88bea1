/**
 * The console's additions: what they make of a policy, and that they read back from the file that they are shown as.
 */
import { describe, expect, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import type { ExceptionDraft } from "../../../../hosts/postanalytics/policy/door.ts";
import {
  amend,
  changed,
  exceptionYaml,
  NO_OVERLAY,
  type Overlay,
  overlayYaml,
  parseDraft,
} from "../../../../hosts/postanalytics/policy/overlay.ts";
import { POLICY_TEXT } from "../stage.ts";

const BASE = parsePolicy(POLICY_TEXT, "t");
/** A draft with every field. */
const DRAFT: ExceptionDraft = {
  match: { host: "shop.example", method: "POST", path: "/a/*", point: "query.id" },
  ignore: { stamps: ["sqli-union"], types: [] },
  reason: 'it\'s: a "test" # with\nlines',
  expiresAt: "2098-01-01",
};
const ENTRY = { list: "deny", source: "203.0.113.0/24", expiresAt: "2098-01-01T00:00:00Z", reason: "INC-1" } as const;

function overlayWith(...changes: Parameters<typeof changed>[1][]): Overlay {
  return changes.reduce((overlay, change) => changed(overlay, change, "ada", 5), NO_OVERLAY);
}

describe("a policy with additions", () => {
  test("has both exceptions, both lists and the mode that was said last", () => {
    const overlay = overlayWith(
      { kind: "exception", name: "mine", draft: DRAFT },
      { kind: "source", list: "deny", source: ENTRY.source, entry: ENTRY },
      { kind: "mode", mode: "monitoring", reason: "INC-1" },
    );
    const policy = amend(BASE, overlay);
    expect(policy.exceptions?.map(({ name }) => name)).toEqual(["from-file", "mine"]);
    expect(policy.ipLists?.map(({ list, entries }) => [list, entries.length])).toEqual([
      ["deny", 1],
      ["deny", 1],
    ]);
    expect(policy).toMatchObject({ mode: "monitoring", modeAllowOverride: "off" });
    expect(policy.scopes?.some((scope) => scope.mode !== undefined)).toBe(false);
  });

  test("is the one that was written where nothing was added or all was taken back", () => {
    expect(amend(BASE, NO_OVERLAY)).toEqual(BASE);
    const overlay = overlayWith(
      { kind: "exception", name: "mine", draft: DRAFT },
      { kind: "exception", name: "mine", draft: null },
      { kind: "source", list: "deny", source: ENTRY.source, entry: ENTRY },
      { kind: "source", list: "deny", source: ENTRY.source, entry: null },
    );
    expect(amend(BASE, overlay)).toEqual(BASE);
  });

  test("cannot have two exceptions of one name", () => {
    const overlay = overlayWith({ kind: "exception", name: "from-file", draft: DRAFT });
    expect(() => amend(BASE, overlay)).toThrow(/exception from-file already — rename/);
  });

  test("is bounded", () => {
    const many = new Map(Array.from({ length: 5000 }, (_, at) => [`e${at}`, { item: DRAFT, by: "ada", at: 1 }]));
    const full = { ...NO_OVERLAY, exceptions: many };
    expect(() => changed(full, { kind: "exception", name: "one-more", draft: DRAFT }, "ada", 1)).toThrow(/5000/);
    expect(changed(full, { kind: "exception", name: "e1", draft: null }, "ada", 1).exceptions.size).toBe(4999);
  });
});

test("a draft that is wrong names its field", () => {
  const wrong = (draft: Partial<ExceptionDraft>) => () => parseDraft("x", { ...DRAFT, ...draft });
  expect(wrong({ expiresAt: "soon" })).toThrow(/expiresAt is no date/);
  expect(wrong({ reason: " " })).toThrow(/reason is empty/);
  expect(wrong({ ignore: { stamps: [], types: [] } })).toThrow(/ignore ignores nothing/);
  expect(wrong({ match: { path: "admin" } })).toThrow(/match.path does not begin with a slash/);
  expect(wrong({ match: { point: "a.**.b.**" } })).toThrow(/match.point has \*\* twice/);
});

test("what is shown as a file is the same policy when it is read", () => {
  const overlay = overlayWith(
    { kind: "exception", name: "mine", draft: DRAFT },
    {
      kind: "source",
      list: "gray",
      source: "2001:db8::/32",
      entry: { ...ENTRY, list: "gray", source: "2001:db8::/32" },
    },
    { kind: "source", list: "deny", source: ENTRY.source, entry: { ...ENTRY, expiresAt: null, reason: "" } },
  );
  const read = parsePolicy(`${POLICY_TEXT}${overlayYaml(overlay)}`, "t");
  const withoutEmpty = JSON.stringify(amend(BASE, overlay), bigText).replaceAll(',"reason":""', "");
  expect(JSON.stringify(read, bigText)).toBe(withoutEmpty);
  expect(parsePolicy(`${POLICY_TEXT}---\n${exceptionYaml("mine", DRAFT)}`, "t").exceptions).toHaveLength(2);
  expect(overlayYaml(overlayWith({ kind: "mode", mode: "off", reason: "x" }))).toMatch(/^# .*mode off/);
});

function bigText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString(16) : value;
}
