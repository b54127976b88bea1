/** Errors as problem details: the status of each, and nothing of what failed inside. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { MerlonError } from "../../../../hosts/core/error.ts";
import { BusyError } from "../../../../hosts/postanalytics/access/password.ts";
import {
  invalid,
  PROBLEMS,
  Problem,
  type ProblemCode,
  problemOf,
} from "../../../../hosts/postanalytics/api/problem.ts";
import { problemSchema } from "../../../../hosts/postanalytics/api/schema.ts";

describe("a problem", () => {
  const codes = Object.keys(PROBLEMS).filter((code): code is ProblemCode => Object.hasOwn(PROBLEMS, code));

  test.each(codes)("%s is what the schema says", async (code) => {
    const response = new Problem(code, "what — why; the fix", { field: "body.a", retryAfterMs: 1500 }).toResponse();
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("retry-after")).toBe("2");
    const body = problemSchema.parse(await response.json());
    expect(body).toMatchObject({ status: response.status, code, field: "body.a" });
  });
});

describe("an error", () => {
  test.each<[unknown, string, boolean]>([
    [new Problem("CONFLICT", "x"), "CONFLICT", false],
    [new BusyError("x"), "TOO_MANY", false],
    [new MerlonError("MERLON_SEARCH", "x"), "INVALID", false],
    [new MerlonError("MERLON_POLICY", "x"), "INVALID", false],
    [new MerlonError("MERLON_STORE", "secret host:5432"), "UNAVAILABLE", true],
    [new MerlonError("MERLON_ENGINE", "secret"), "INTERNAL", true],
    [new TypeError("secret"), "INTERNAL", true],
    ["secret", "INTERNAL", true],
  ])("%s is told as %s", (error, code, unexpected) => {
    const told = problemOf(error);
    expect([told.problem.code, told.unexpected]).toEqual([code, unexpected]);
    expect(told.problem.message).not.toContain("secret");
  });
});

test("what a schema says names the field and the fix", () => {
  const schema = z.strictObject({ a: z.int().max(5), b: z.enum(["x", "y"]), c: z.string().optional() });
  const told = (value: unknown): string => {
    const parsed = schema.safeParse(value, { reportInput: true });
    return parsed.success ? "" : invalid("body", parsed.error).message;
  };
  expect(told({ a: 9, b: "x" })).toBe("body.a is too large — it takes at most 5; write less");
  expect(told({ a: 1, b: "z" })).toBe("body.b is none of the values that it takes — write one of x, y");
  expect(told({ b: "x" })).toMatch(/^body\.a is missing/);
  expect(told({ a: 1, b: "x", c: 5 })).toMatch(/^body\.c is of another type — it takes string/);
  expect(told({ a: 9, b: "z" })).toMatch(/\(and 1 more\)$/);
  expect(told({ a: 1, b: "x", [`${"k".repeat(500)}`]: 1 }).length).toBeLessThan(300);
});
