/** Schemas of the API: what queries mean where they say nothing, and limits that hold. */
import { describe, expect, test } from "vitest";
import {
  addExportSchema,
  attacksQuery,
  changePasswordSchema,
  GROUP_FIELDS,
  recordsQuery,
  statisticsQuery,
  userNameSchema,
} from "../../../../hosts/postanalytics/api/schema.ts";

test("queries say what they leave out", () => {
  expect(attacksQuery.parse({})).toEqual({
    where: "",
    groupBy: ["type", "ip", "host", "path"],
    order: "last_seen",
    limit: 50,
  });
  expect(attacksQuery.parse({ groupBy: "", limit: "7" })).toMatchObject({ groupBy: [], limit: 7 });
  expect(statisticsQuery.parse({ top: GROUP_FIELDS.join(",") }).top).toEqual(GROUP_FIELDS);
  expect(recordsQuery.parse({ from: "5", to: "6" })).toMatchObject({ from: 5, to: 6 });
});

describe("queries refuse", () => {
  test.each([
    { limit: "0" },
    { limit: "501" },
    { limit: "1.5" },
    { from: "-1" },
    { where: "x".repeat(4097) },
    { x: "1" },
  ])("%j", (query) => expect(recordsQuery.safeParse(query).success).toBe(false));

  test("more than four groups", () => {
    expect(attacksQuery.safeParse({ groupBy: "type,ip,host,path,app" }).success).toBe(false);
  });
});

test.each([
  ["ada", true],
  ["ada.l+x@example.com", true],
  ["a", true],
  ["", false],
  [".a", false],
  ["a b", false],
  ["a\u202eb", false],
  ["=cmd", false],
])("%j is a name: %j", (name, ok) => expect(userNameSchema.safeParse(name).success).toBe(ok));

test("a password is judged by its length alone", () => {
  const parse = (next: string): boolean => changePasswordSchema.safeParse({ current: "x", next }).success;
  expect([parse("short"), parse("all lower case words"), parse("x".repeat(257))]).toEqual([false, true, false]);
});

test("an export's target is of a kind that is known, and secrets are long enough", () => {
  const parse = (sink: object): boolean => addExportSchema.safeParse({ name: "siem", sink }).success;
  const url = "https://a.example/x";
  expect(parse({ kind: "webhook", url, secret: "0123456789abcdef" })).toBe(true);
  expect(parse({ kind: "webhook", url, secret: "short" })).toBe(false);
  expect(parse({ kind: "webhook", url: "file:///etc/passwd", secret: "0123456789abcdef" })).toBe(false);
  expect(parse({ kind: "file", path: "/etc/cron.d/x" })).toBe(false);
  expect(addExportSchema.safeParse({ name: "../x", sink: { kind: "file" } }).success).toBe(false);
});
