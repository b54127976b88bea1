/**
 * Thresholds of a policy: how often something may happen for one key in a span of time, and what is done beyond that.
 * Rate limits, brute force, forced browsing, access to other people's objects and clients that attack in many ways are
 * all of this shape; they differ in what is counted. docs/thresholds.md tells people each field.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { spanSchema } from "../duration.ts";
import { matchSchema, matchText } from "../match.ts";
import type { Rule } from "../rule/rule.ts";
import { ruleSchema } from "../rule/rule.ts";

/** THRESHOLDS_MAX of assembly/abi/limits.ts. */
export const THRESHOLDS_MAX = 64;
/** What is counted, see docs/thresholds.md. */
export const THRESHOLD_KINDS = ["rate", "brute_force", "forced_browsing", "bola", "multi_attack"] as const;
/** What is done beyond a threshold: refuse, put the client on a list, or only say so. */
export const THRESHOLD_ACTIONS = ["block", "deny", "gray", "report"] as const;

const KEYS_MAX = 8;
const KEY_NAME_CHARS_MAX = 128;
const REQUESTS_MAX = 1_000_000;
/** Different values have to be remembered, so there are fewer of them. */
const VALUES_MAX = 1000;
const STATUSES_MAX = 32;
const DAY_SECONDS = 86_400;
/** Stamps have at most 64 characters, and `threshold-` in front. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,52}[a-z0-9])?$/;
const LISTED_SECONDS_MAX = 365 * DAY_SECONDS;
const SEGMENT_MAX = 31;

/** Kinds that count different values, and not how often something was asked. */
const DISTINCT: ReadonlySet<string> = new Set(["bola", "multi_attack"]);

const partSchema = z.strictObject({
  from: z.enum(["ip", "host", "method", "path", "app", "country", "asn", "header", "cookie", "query", "segment"]),
  /** Of a header, cookie or query: its name, headers in lower case. Of a segment of the path: its number from 1 on. */
  name: z.string().max(KEY_NAME_CHARS_MAX),
});
/** One part of what requests are told apart by. */
export type KeyPart = z.output<typeof partSchema>;

const PLAIN: ReadonlySet<string> = new Set(["ip", "host", "method", "path", "app", "country", "asn"]);

/** Reads `ip`, `header["x-api-key"]`, `path[2]`. @returns undefined where it is none of them */
export function parseKeyPart(text: string): KeyPart | undefined {
  if (PLAIN.has(text)) return partSchema.safeParse({ from: text, name: "" }).data;
  const [, from, name = ""] = /^(header|cookie|query)\["([^"\\]{1,128})"\]$/.exec(text) ?? [];
  if (from === "header" && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return undefined;
  if (from !== undefined)
    return partSchema.safeParse({ from, name: from === "header" ? name.toLowerCase() : name }).data;
  const [, segment = ""] = /^path\[([1-9]\d?)\]$/.exec(text) ?? [];
  return segment === "" || Number(segment) > SEGMENT_MAX ? undefined : { from: "segment", name: segment };
}

/** @returns a part as people write it */
export function keyPartText({ from, name }: KeyPart): string {
  if (from === "segment") return `path[${name}]`;
  return PLAIN.has(from) ? from : `${from}["${name}"]`;
}

const WANTED = 'write ip, host, method, path, path[2], app, country, asn, header["x"], cookie["x"] or query["x"]';
const keyPart = z.string().transform((text, context): KeyPart => {
  const part = parseKeyPart(text);
  if (part === undefined) context.addIssue(`is nothing to count by; ${WANTED}`);
  return part ?? { from: "ip", name: "" };
});

const limitSchema = z
  .strictObject({
    /** Requests, failed answers, different values or different signatures, by the kind. */
    requests: z.int().min(1).max(REQUESTS_MAX),
    /** Seconds. */
    per: spanSchema(1, DAY_SECONDS),
    /** Of these how many may come at once. */
    burst: z.int().min(1).max(REQUESTS_MAX).optional(),
  })
  .refine(
    ({ requests, burst }) => burst === undefined || burst <= requests,
    "has a burst above its requests; a burst is how many of them may come at once, write less",
  );

const fields = z.strictObject({
  name: z
    .string()
    .regex(NAME, "is no name of a threshold; write up to 54 lower-case letters, digits and dashes, such as login"),
  kind: z.enum(THRESHOLD_KINDS).default("rate"),
  match: matchSchema.prefault({}),
  when: ruleSchema.shape.when.default("true"),
  key: z.array(keyPart).min(1).max(KEYS_MAX).prefault(["ip"]),
  limit: limitSchema,
  /** Answers that count, of brute force and forced browsing. */
  statuses: z.array(z.int().min(100).max(599)).min(1).max(STATUSES_MAX).optional(),
  /** What should not take many values for one key. */
  values: keyPart.optional(),
  action: z.enum(THRESHOLD_ACTIONS).default("block"),
  status: z.union([z.literal(429), z.literal(503)], "is none of 429 and 503; write one of them").default(429),
  /** Seconds that a key stays refused, or a client on its list, once it went beyond. */
  for: spanSchema(1, LISTED_SECONDS_MAX).optional(),
});

const LISTING: ReadonlySet<string> = new Set(["deny", "gray"]);

/** One of `spec.thresholds`. */
export const thresholdSchema = fields.superRefine((said, context) => {
  const { kind, key, limit, statuses, values, action } = said;
  const wrong = (field: string, message: string): void => {
    context.addIssue({ code: "custom", path: [field], message });
  };
  const byAnswer = kind === "brute_force" || kind === "forced_browsing";
  if (statuses !== undefined && !byAnswer)
    wrong("statuses", `has no meaning for ${kind}, which counts no answers; delete it`);
  if (values !== undefined && kind !== "bola")
    wrong("values", `has no meaning for ${kind}; delete it, or write kind: bola`);
  if (values === undefined && kind === "bola") {
    wrong("values", 'is missing: it says which part names the object, such as path[2] or query["id"]; add it');
  }
  if (limit.burst !== undefined && kind !== "rate") wrong("limit", "has a burst, which only rates have; delete it");
  if (DISTINCT.has(kind) && limit.requests > VALUES_MAX)
    wrong("limit", `has more than ${VALUES_MAX} values; write less`);
  if (LISTING.has(action) && (key.length !== 1 || key[0]?.from !== "ip")) {
    wrong("key", `is not ip, and action ${action} puts addresses on a list; write key: [ip], or action: block`);
  }
  if (LISTING.has(action) && said.for === undefined) {
    wrong(
      "for",
      `is missing: action ${action} needs to know how long the client stays on its list; add it, such as 1h`,
    );
  }
});

/** A threshold of a policy. */
export type Threshold = z.output<typeof thresholdSchema>;

/** `spec.thresholds`. */
export const thresholdsSchema = z
  .array(thresholdSchema)
  .max(THRESHOLDS_MAX)
  .superRefine((thresholds, context) => {
    const known = new Set<string>();
    for (const [index, { name }] of thresholds.entries()) {
      const message = "is the name of an earlier threshold; names tell them apart, rename it";
      if (known.has(name)) context.addIssue({ code: "custom", path: [index, "name"], message, input: name });
      known.add(name);
    }
  });

const definitionFields = {
  /** Equal for thresholds that count the same, whatever is done beyond them: their counts go on. */
  id: z.string().max(64),
  name: z.string().max(64),
  kind: z.enum(THRESHOLD_KINDS),
  key: z.array(partSchema).min(1).max(KEYS_MAX),
  requests: z.int().min(1),
  perSeconds: z.int().min(1),
  /** 0 for none. */
  burst: z.int().min(0),
  statuses: z.array(z.int()).max(STATUSES_MAX),
  values: partSchema.optional(),
  action: z.enum(THRESHOLD_ACTIONS),
  status: z.int().min(400).max(599),
  /** 0 where only what is too much is refused. */
  forSeconds: z.int().min(0),
};

/** Definitions as they go to hosts; scopes and conditions are in the image, in the same order. */
export const definitionsSchema = z.array(z.strictObject(definitionFields)).max(THRESHOLDS_MAX);
/** What a host must know of a threshold. */
export type Definition = z.output<typeof definitionsSchema>[number];

const STATUSES: Readonly<Record<string, readonly number[]>> = { brute_force: [401, 403], forced_browsing: [404] };
/** Attack types that records call it by. */
const TYPES: Readonly<Record<(typeof THRESHOLD_KINDS)[number], string>> = {
  rate: "resource_consumption",
  brute_force: "brute",
  forced_browsing: "dirbust",
  bola: "idor",
  multi_attack: "api_abuse",
};

/** @returns the attack type of what goes beyond a threshold */
export function typeOf({ kind }: Pick<Definition, "kind">): string {
  return TYPES[kind];
}

/** The stamp by which records name a threshold. */
export function thresholdStamp({ name }: Pick<Definition, "name">): string {
  return `threshold-${name}`;
}

/** Whether a record's stamp is a threshold's. */
export function isThresholdStamp(stamp: string): boolean {
  return stamp.startsWith("threshold-");
}

/** @returns what hosts are told of a policy's thresholds, in their order */
export function definitionsOf(thresholds: readonly Threshold[]): Definition[] {
  return thresholds.map((said) => {
    const { name, kind, match, when, key, limit, values, action, status } = said;
    const statuses = [...(said.statuses ?? STATUSES[kind] ?? [])];
    const { requests, per: perSeconds, burst = 0 } = limit;
    const counts = { name, kind, key, requests, perSeconds, burst, statuses, ...(values && { values }) };
    const identity = JSON.stringify([counts, matchText(match), when]);
    const id = createHash("sha256").update(identity).digest("base64url").slice(0, 16);
    return { id, ...counts, action, status, forSeconds: said.for ?? 0 };
  });
}

/** @returns a threshold as the rule by which the core says which requests count; its type is of no consequence */
export function ruleOf(threshold: Threshold): Rule {
  const { name, match, when } = threshold;
  return { name, kind: "detector", match, when, type: typeOf(threshold), action: "report", experimental: false };
}
