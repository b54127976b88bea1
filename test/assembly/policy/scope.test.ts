/** The mode of a request by its method and path: all rows of the contract, and the borders of a path. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MODES } from "../../../hosts/core/verdict.ts";
import { CONSOLE_MODES, OVERRIDES } from "../../../hosts/policy/schema.ts";
import { ROOT } from "../../tools/component.ts";
import { Core } from "../core.ts";
import { type ScopeSettings, useObjects, usePolicy } from "../policy-image.ts";
import { ask } from "../requests.ts";

const rule = z.strictObject({ method: z.string().optional(), path: z.string(), mode: z.enum(CONSOLE_MODES) });
const schema = z.strictObject({
  console: z.strictObject({ mode: z.enum(CONSOLE_MODES), rules: z.array(rule) }),
  requests: z.array(
    z.strictObject({
      request: z.string(),
      local: z.enum(MODES),
      override: z.enum(OVERRIDES),
      effective: z.enum(MODES),
    }),
  ),
});
const CONTRACT = schema.parse(parse(readFileSync(join(ROOT, "test/data/policy/modes.yaml"), "utf8")));
const core = new Core("checked");

function modeOf(method: string, target: string): string | undefined {
  const { record } = ask(core, { method, target });
  return MODES[record.readUInt32LE(core.number("RESULT_MODE"))];
}

test.each(CONTRACT.requests)("$request, $local locally, override $override: $effective", (row) => {
  usePolicy(core, { mode: row.local, modeAllowOverride: row.override, console: CONTRACT.console });
  const [method = "", target = ""] = row.request.split(" ");
  // The request before must not leave its path behind.
  ask(core, { method: "POST", target: "/main/login" });
  expect(modeOf(method, target)).toBe(row.effective);
});

const RULES = [
  { path: "/", mode: "monitoring" },
  { path: "/a", mode: "safe_blocking" },
  { path: "/a/b/", mode: "off" },
  { method: "POST", path: "/a", mode: "block" },
] as const;

const PATHS: readonly (readonly [method: string, target: string, mode: string])[] = [
  ["GET", "/", "monitoring"],
  ["GET", "/z", "monitoring"],
  ["GET", "/a", "safe_blocking"],
  ["GET", "/a?b=/a/b/", "safe_blocking"],
  ["GET", "/a/", "safe_blocking"],
  ["GET", "/ab", "monitoring"],
  ["GET", "/a/b", "safe_blocking"],
  ["GET", "/a/b/", "off"],
  ["GET", "/a/b/c", "off"],
  ["POST", "/a", "block"],
  ["POST", "/a/x", "block"],
  ["POST", "/a/b/c", "off"],
  ["post", "/a", "safe_blocking"],
  ["GET", "http://shop.example/a", "safe_blocking"],
  ["GET", "", "block"],
];

test.each(PATHS)("%s %s is in %s", (method, target, mode) => {
  usePolicy(core, { mode: "block", console: { mode: "default", rules: [...RULES] } });
  expect(modeOf(method, target)).toBe(mode);
});

test("each field is that of the closest scope that says it", () => {
  const scopes: ScopeSettings[] = [
    { match: { path: "/a/**" }, mode: "block", application: 7, limits: { holdBytes: "1Mi" } },
    { match: { path: "/a/b/**" }, limits: { inspectBytes: 2048 }, blockPage: { statusCode: 451 } },
    { match: { path: "/a/b/c" }, application: "named", failure: { oversize: "closed", overlimit: "open" } },
  ];
  useObjects(core, {}, { scopes });
  const { record } = ask(core, { target: "/a/b/c", method: "POST", body: "x".repeat(3000) });
  const field = (name: string): number => record.readUInt32LE(core.number(name));
  expect(field("RESULT_APPLICATION")).toBeGreaterThanOrEqual(0x8000_0000);
  expect([field("RESULT_HOLD_BYTES"), field("RESULT_PAGE"), field("RESULT_INSPECTED")]).toEqual([1024 * 1024, 1, 2048]);
  // Of overlimit and oversize, the third and the fourth bit.
  expect(field("RESULT_FAILURES")).toBe(8);
  const other = ask(core, { target: "/a" }).record;
  expect(other.readUInt32LE(core.number("RESULT_APPLICATION"))).toBe(7);
  expect(other.readUInt32LE(core.number("RESULT_FAILURES"))).toBe(4);
});
