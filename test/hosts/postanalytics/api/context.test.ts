/** Which operations belong into the audit log. */
import { expect, test } from "vitest";
import { changesSomething } from "../../../../hosts/postanalytics/api/context.ts";
import { OPERATIONS } from "../../../../hosts/postanalytics/api/operations.ts";

test.each([
  ["records", false],
  ["proposeExceptions", false],
  ["previewException", false],
  ["explainPolicy", false],
  ["applyException", true],
  ["login", true],
  ["removeIpEntry", true],
  ["changeUser", true],
] as const)("%s changes something: %j", (name, changes) => expect(changesSomething(OPERATIONS[name])).toBe(changes));
