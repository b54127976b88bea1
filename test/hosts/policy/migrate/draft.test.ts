/** Names of migrated policies, which become names of files. */
import { expect, test } from "vitest";
import { plainName } from "../../../../hosts/policy/migrate/draft.ts";

test("names are plain", () => {
  expect([plainName("../../Etc Passwd"), plainName("…"), plainName("a".repeat(99)).length]).toEqual([
    "etc-passwd",
    "policy",
    60,
  ]);
});
