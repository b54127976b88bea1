/**
 * Exceptions: findings that are known to be none, said as closely as possible: which detection, at which point, for
 * which requests, why, and until when.
 */
import { z } from "zod";
import { dateSchema } from "./date.ts";
import { type Match, matchSchema } from "./match.ts";

/** POINT_TEXT_BYTES_MAX of assembly/abi/limits.ts. */
const POINT_BYTES_MAX = 512;
const NAMES_MAX = 64;
const REASON_CHARS_MAX = 500;

/** What an exception lets pass: stamps and types of findings, or all of them. */
export interface Ignored {
  readonly stamps: readonly string[];
  readonly types: readonly string[];
  readonly all: boolean;
}

/** One exception of a policy. */
export interface Exception {
  /** For people and counters; `metadata.name` in the file. */
  readonly name: string;
  readonly match: Match;
  /** The point's name as records show it; segments may be `*` for any one, and one of them `**` for any number. */
  readonly point?: string | undefined;
  readonly ignore: Ignored;
  readonly reason: string;
  /** Seconds since 1970 from which it no longer counts. */
  readonly expiresAt: number;
}

const pointSchema = z
  .string()
  .min(1, "is empty; write a point as records show it, such as post.json_doc.hash.body, or leave the field out")
  .regex(/^[!-~]*$/, "holds bytes that names of points escape; copy the point from a record")
  .refine((text) => text.length <= POINT_BYTES_MAX, `is longer than ${POINT_BYTES_MAX} bytes; end it with **`)
  .refine((text) => text.split(".").filter((one) => one === "**").length <= 1, "has ** twice; once is enough")
  .refine(
    (text) => !text.split(".").some((one) => one.includes("*") && one !== "*" && one !== "**"),
    "has * as part of a segment; * stands for a whole one, as in post.json_doc.array.*.hash.body",
  );

const stampSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "is no stamp; write one as records show it, such as sqli-union");
const typeSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, "is no attack type; write one as records show it, such as sqli");

const ignoreSchema = z
  .strictObject({
    stamps: z.array(stampSchema).max(NAMES_MAX).default([]),
    types: z.array(typeSchema).max(NAMES_MAX).default([]),
    all: z.boolean().default(false),
  })
  .refine(({ stamps, types, all }) => all || stamps.length + types.length > 0, "ignores nothing; write stamps or types")
  .refine(
    ({ stamps, types, all }) => !all || stamps.length + types.length === 0,
    "says all and more; all takes in the stamps and types",
  );

/** `spec` of a WafException. */
export const exceptionSchema = z
  .strictObject({
    match: matchSchema.extend({ point: pointSchema.optional() }).prefault({}),
    ignore: ignoreSchema,
    reason: z.string().trim().min(1, "is empty; say why, for whoever finds it next year").max(REASON_CHARS_MAX),
    expiresAt: dateSchema,
    createdFrom: z.strictObject({ recordId: z.string().max(64) }).optional(),
  })
  .refine(
    ({ ignore, match }) => !ignore.all || (match.path !== undefined && match.point !== undefined),
    "ignores everything everywhere; with ignore.all, write match.path and match.point",
  );

/** @returns the exception of a document */
export function exceptionOf(name: string, spec: z.output<typeof exceptionSchema>): Exception {
  const { point, ...match } = spec.match;
  return { name, match, point, ignore: spec.ignore, reason: spec.reason, expiresAt: spec.expiresAt };
}
