/**
 * Rules of a policy: virtual patches, which stop what a known hole lets in until the application is mended, and custom
 * detectors, whose matches are like those of a signature.
 */
import { z } from "zod";
import { applicationId } from "../application.ts";
import { dateSchema } from "../date.ts";
import { compileExpression, ExpressionFault } from "../expression/expression.ts";
import { REQUEST_VARIABLES } from "../expression/variables.ts";
import { matchSchema } from "../match.ts";
import { planOf } from "./plan.ts";

/** What a rule is: a detector counts as signatures do, a virtual patch blocks in every mode but `off`. */
export const RULE_KINDS = ["detector", "vpatch"] as const;
/** Rules that come with Merlon, by the names of their packs; pack.ts has them. */
export const PACKS = ["known-cve"] as const;
/** What a rule does with a request that fits. */
export const RULE_ACTIONS = ["block", "report"] as const;

const RULES_MAX = 512;
const URL_CHARS_MAX = 200;

const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,56}[a-z0-9])?$/,
    "is no name of a rule; write up to 58 lower-case letters, digits and dashes, such as next-rsc",
  );
const typeSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, "is no attack type; write one as records show it, such as rce");
const referenceSchema = z
  .string()
  .regex(/^https?:\/\/[!-~]+$/, "is no URL; write one such as https://www.cve.org/CVERecord?id=CVE-2021-44228")
  .max(URL_CHARS_MAX);

/** A condition as a rule has it: the text, read once so that what is wrong shows with its column. */
const whenSchema = z.string().superRefine((text, context) => {
  try {
    planOf(compileExpression(text, REQUEST_VARIABLES), applicationId);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

/** One of `spec.rules`; docs/policy.md says what each field does. */
export const ruleSchema = z.strictObject({
  name: nameSchema,
  kind: z.enum(RULE_KINDS).default("detector"),
  match: matchSchema.prefault({}),
  when: whenSchema,
  type: typeSchema,
  action: z.enum(RULE_ACTIONS).default("block"),
  cve: z
    .string()
    .regex(/^CVE-\d{4}-\d{4,7}$/, "is no CVE number; write one such as CVE-2021-44228")
    .optional(),
  reference: referenceSchema.optional(),
  /** Reported only, as with `action: report`, and shown as what it is. */
  experimental: z.boolean().default(false),
  expiresAt: dateSchema.optional(),
});

/** A rule of a policy. */
export type Rule = z.output<typeof ruleSchema>;

/** `spec.rules`. */
export const rulesSchema = z
  .array(ruleSchema)
  .max(RULES_MAX)
  .superRefine((rules, context) => {
    const known = new Set<string>();
    for (const [index, { name }] of rules.entries()) {
      const message = "is the name of an earlier rule; names tell them apart, rename it";
      if (known.has(name)) context.addIssue({ code: "custom", path: [index, "name"], message, input: name });
      known.add(name);
    }
  });

/** The stamp that a rule's matches have. */
export function stampOf({ name }: Rule): string {
  return `rule-${name}`;
}

/** Whether a rule blocks nothing. */
export function isReport({ action, experimental }: Rule): boolean {
  return action === "report" || experimental;
}
