/** WafApiSpec: an OpenAPI document that requests are held against, and what happens where they differ. */
import { z } from "zod";
import { hostSchema, pathSchema } from "../match.ts";
import { type ApiDocument, readDocument } from "./document.ts";

/** What can be wrong with a request, in the words of records: the type of a finding. */
export const VIOLATIONS = {
  undefinedEndpoint: { type: "undefined_endpoint", stamp: "api-undefined-endpoint" },
  undefinedParameter: { type: "undefined_parameter", stamp: "api-undefined-parameter" },
  missingParameter: { type: "missing_parameter", stamp: "api-missing-parameter" },
  invalidParameter: { type: "invalid_parameter_value", stamp: "api-invalid-parameter" },
  missingAuth: { type: "missing_auth", stamp: "api-missing-auth" },
  invalidRequest: { type: "invalid_request", stamp: "api-invalid-request" },
  undefinedField: { type: "undefined_parameter", stamp: "api-undefined-field" },
  missingField: { type: "missing_parameter", stamp: "api-missing-field" },
  invalidField: { type: "invalid_parameter_value", stamp: "api-invalid-field" },
  invalidBody: { type: "invalid_request", stamp: "api-invalid-body" },
} as const;
export type Violation = keyof typeof VIOLATIONS;

/** What is done with a violation. */
export const VIOLATION_ACTIONS = ["block", "report", "ignore"] as const;

const action = z.enum(VIOLATION_ACTIONS).default("report");

/** `spec` of a WafApiSpec; docs/api-specification.md says what each field does. */
export const apiSpecSchema = z
  .strictObject({
    match: z.strictObject({ host: hostSchema.optional() }).prefault({}),
    basePath: pathSchema.optional(),
    /** Beside the policy file. */
    file: z
      .string()
      .min(1)
      .max(1024)
      .refine((path) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(path), "is a URL, and nothing is fetched; save it as a file")
      .optional(),
    openapi: z.record(z.string(), z.unknown()).optional(),
    violations: z
      .strictObject({
        undefinedEndpoint: action,
        undefinedParameter: action,
        missingParameter: action,
        invalidParameter: action,
        missingAuth: action,
        invalidRequest: action,
        undefinedField: action,
        missingField: action,
        invalidField: action,
        invalidBody: action,
      })
      .prefault({}),
  })
  .refine(
    ({ file, openapi }) => (file === undefined) !== (openapi === undefined),
    "takes one document; write file: openapi.yaml, or the document under openapi",
  );

/** A specification of a policy, its document read. */
export interface ApiSpec {
  readonly name: string;
  readonly host?: string | undefined;
  readonly document: ApiDocument;
  readonly violations: Readonly<Record<Violation, (typeof VIOLATION_ACTIONS)[number]>>;
  /** What of the document is not asked of requests, each with its place, for `merlon policy lint`. */
  readonly unasked: readonly string[];
}

/**
 * @param root the document
 * @param placeOf names a place in it
 * @throws SpecFault at what is wrong with it
 */
export function apiSpecOf(
  name: string,
  { match, basePath, violations }: z.output<typeof apiSpecSchema>,
  root: unknown,
  placeOf: (path: readonly (string | number)[]) => string,
): ApiSpec {
  const read = readDocument(root);
  const basePaths = basePath === undefined ? read.basePaths : [basePath.replace(/\/+$/, "")];
  const unasked = read.unasked.map(({ path, what }) => `${placeOf(path)}: ${what}`);
  return { name, host: match.host, document: { ...read, basePaths }, violations, unasked };
}
