/**
 * What a policy says: the one schema behind the file `merlon.yaml`, the cluster resource and the console. Field names
 * are those of the WafPolicy resource; this is the part of it that the core and the hosts act on today. A field that
 * nobody would obey is refused, since a setting without effect is worse than an error.
 */
import { z } from "zod";
import { failureSchema, openOrClosed } from "../core/host-options.ts";
import { BLOCK_CAUSES, type HostPolicy } from "../core/host-policy.ts";
import { MODES } from "../core/verdict.ts";
import { pagesOf } from "./block-page.ts";
import { type Exception, exceptionSchema } from "./exception.ts";
import { type IpList, ipListSchema } from "./ip-list.ts";
import { matchSchema, matchText, methodSchema, pathSchema } from "./match.ts";
import { networkSchema } from "./network.ts";
import { bytesText, parseBytes } from "./quantity.ts";
import { PACKS, type Rule, rulesSchema } from "./rule/rule.ts";
import { type ApiSpec, apiSpecSchema } from "./specification/specification.ts";
import { type Threshold, thresholdsSchema } from "./threshold/threshold.ts";

/** Value of `apiVersion` in a policy file. */
export const API_VERSION = "merlon.dev/v1alpha1";

const KIBI = 1024;
const MEBI = 1024 * KIBI;
const LIST_ENTRIES_MAX = 1024;
const NAMES_MAX = 256;
/** The core keeps no more of a parameter's name, NAME_BYTES_MAX of assembly/abi/limits.ts. */
const NAME_BYTES_MAX = 128;

/** Modes as the console says them; `default` leaves it to the local mode. */
export const CONSOLE_MODES = ["default", ...MODES] as const;
/** Whether the console's mode may take the place of the local one: never, only if stricter, always. */
export const OVERRIDES = ["off", "strict", "on"] as const;

function bytes(least: number, most: number): z.ZodType<number, unknown> {
  return z.unknown().transform((written, context) => {
    const size = typeof written === "string" || typeof written === "number" ? parseBytes(written) : undefined;
    const range = `${bytesText(least)} to ${bytesText(most)}`;
    if (size === undefined) context.addIssue("is no size; write bytes, or a whole number with Ki or Mi such as 512Ki");
    else if (size < least || size > most) context.addIssue(`is out of range; write one from ${range}`);
    return size ?? 0;
  });
}

const consoleRule = z.strictObject({ method: methodSchema.optional(), path: pathSchema, mode: z.enum(CONSOLE_MODES) });

const consoleRules = z
  .array(consoleRule)
  .max(LIST_ENTRIES_MAX)
  .superRefine((rules, context) => {
    const known = new Set<string>();
    for (const [index, rule] of rules.entries()) {
      const scope = `${rule.method ?? ""} ${rule.path}`;
      if (known.has(scope)) context.addIssue({ code: "custom", path: [index], message: TWICE });
      known.add(scope);
    }
  });
const TWICE = "has the scope of an earlier rule; keep one of them";

const maskName = z
  .string()
  .min(1, "is empty; write the name of a parameter, header or JSON key")
  .refine((name) => Buffer.byteLength(name) <= NAME_BYTES_MAX, `is longer than ${NAME_BYTES_MAX} bytes; shorten it`)
  .refine(
    (name) => !/[*]|^(?:header|post|query|cookie|path|response|form_urlencoded|json_doc)\./.test(name),
    "is a point; masks take bare names for now, in any case: write the last part of it, such as authorization",
  );

const stamp = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "is no stamp; write one as records show it, such as sqli-union");

const clientHeader = z
  .string()
  .refine(
    (name) => name.toLowerCase() === "x-forwarded-for",
    "is not read by this version; write X-Forwarded-For, or leave the field out",
  );

/** Parsers and decoders that can be switched off, in the order of the bits of `Parser` in assembly/decode/parser.ts. */
export const PARSERS = [
  "cookie",
  "form_urlencoded",
  "multipart",
  "json",
  "xml",
  "graphql",
  "protobuf",
  "percent",
  "htmljs",
  "base64",
  "zlib",
  "jwt",
] as const;

/** Bytes of the longest page: it is part of the image. */
const PAGE_BYTES_MAX = 32 * KIBI;
const SCOPES_MAX = 8192;
const APPLICATION_ID_MAX = 0x7fff_ffff;

const statusCode = z.int().min(400).max(599);
const html = z
  .string()
  .min(1, "is empty; write the page, or leave the field out")
  .refine(
    (text) => Buffer.byteLength(text) <= PAGE_BYTES_MAX,
    `is longer than ${bytesText(PAGE_BYTES_MAX)}; shorten it`,
  )
  .refine((text) => !/<script\b/i.test(text), "holds a script, and none would run; write a page without");
const redirect = z
  .string()
  .regex(
    /^(?:https?:\/\/[!-~]{1,2000}|\/(?!\/)[!-~]{0,2000})$/,
    "is no URL; write https://… or a path such as /blocked",
  );
const pageFields = {
  statusCode: statusCode.default(403),
  html: html.optional(),
  /** Problem details for clients that would rather have JSON; without, everyone gets the page. */
  json: z.boolean().default(true),
  redirect: redirect.optional(),
  types: z
    .array(z.enum(BLOCK_CAUSES))
    .min(1)
    .default([...BLOCK_CAUSES]),
};
const blockPage = z
  .strictObject(pageFields)
  .refine((page) => page.redirect === undefined || page.html === undefined, "has html and redirect; keep one of them");

const application = z.union(
  [
    z.int().min(1).max(APPLICATION_ID_MAX),
    z.string().regex(/^(?!\d+$)[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/),
  ],
  "is no application; write a name such as shop-web, or a whole number from 1",
);

const parsers = z.strictObject({ disable: z.array(z.enum(PARSERS)).default([]) });
const inspectBytes = bytes(KIBI, 1024 * MEBI);
const holdBytes = bytes(KIBI, 64 * MEBI);

/** What applies to every request, see docs/policy.md for each field. */
export const settingsSchema = z.strictObject({
  mode: z.enum(MODES).default("monitoring"),
  modeAllowOverride: z.enum(OVERRIDES).default("on"),
  console: z
    .strictObject({ mode: z.enum(CONSOLE_MODES).default("default"), rules: consoleRules.default([]) })
    .prefault({}),
  application: application.optional(),
  failure: failureSchema,
  limits: z
    .strictObject({ inspectBytes: inspectBytes.prefault("10Mi"), holdBytes: holdBytes.prefault("512Ki") })
    .prefault({}),
  parsers: parsers.prefault({}),
  clientIP: z
    .strictObject({
      trustedCIDRs: z.array(networkSchema).max(LIST_ENTRIES_MAX).default([]),
      header: clientHeader.default("X-Forwarded-For"),
    })
    .prefault({}),
  mask: z.array(maskName).max(NAMES_MAX).default([]),
  disable: z.strictObject({ stamps: z.array(stamp).max(NAMES_MAX).default([]) }).prefault({}),
  blockPage: blockPage.prefault({}),
});

/** Settings for the requests that fit; a field that is not there leaves what a wider scope says. */
const scopeSchema = z.strictObject({
  match: matchSchema.refine(
    (match) => matchText(match) !== matchText({}),
    "fits everything; set spec.defaults instead",
  ),
  mode: z.enum(MODES).optional(),
  modeAllowOverride: z.enum(OVERRIDES).optional(),
  application: application.optional(),
  /** `trap` and `unreachable` concern a core that cannot say which scope a request is in. */
  failure: z.strictObject({ overlimit: openOrClosed.optional(), oversize: openOrClosed.optional() }).optional(),
  limits: z.strictObject({ inspectBytes: inspectBytes.optional(), holdBytes: holdBytes.optional() }).optional(),
  parsers: parsers.optional(),
  /** Beside the names of wider scopes. */
  mask: z.array(maskName).max(NAMES_MAX).optional(),
  blockPage: blockPage.optional(),
});

const scopes = z
  .array(scopeSchema)
  .max(SCOPES_MAX)
  .superRefine((written, context) => {
    const known = new Set<string>();
    for (const [index, { match }] of written.entries()) {
      const text = matchText(match);
      if (known.has(text)) context.addIssue({ code: "custom", path: [index], message: TWICE });
      known.add(text);
    }
  });

/** Settings of one scope. */
export type Scope = z.output<typeof scopeSchema>;
/** Settings of all requests. */
export type Settings = z.output<typeof settingsSchema>;

/** Everything that a policy file says, checked and with every default filled in. */
export interface Policy extends Settings {
  readonly scopes?: readonly Scope[];
  readonly rules?: readonly Rule[];
  readonly packs?: readonly (typeof PACKS)[number][];
  readonly thresholds?: readonly Threshold[];
  readonly exceptions?: readonly Exception[];
  readonly ipLists?: readonly IpList[];
  readonly apiSpecs?: readonly ApiSpec[];
}

/** Names and labels are for people and clusters; only exceptions are told by name. */
const metadataSchema = z.strictObject({
  name: z.string().max(253).optional(),
  namespace: z.string().max(253).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** The documents of a policy file, by their kind. */
export const documentSchemas = {
  WafPolicy: z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("WafPolicy"),
    metadata: metadataSchema.optional(),
    spec: z.strictObject({
      defaults: settingsSchema.prefault({}),
      scopes: scopes.optional(),
      rules: rulesSchema.optional(),
      packs: z.array(z.enum(PACKS)).max(PACKS.length).optional(),
      thresholds: thresholdsSchema.optional(),
    }),
  }),
  WafException: z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("WafException"),
    metadata: metadataSchema.optional(),
    spec: exceptionSchema,
  }),
  WafIPList: z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("WafIPList"),
    metadata: metadataSchema.optional(),
    spec: ipListSchema,
  }),
  WafApiSpec: z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("WafApiSpec"),
    metadata: metadataSchema.optional(),
    spec: apiSpecSchema,
  }),
} as const;

/** The policy that a host has until it is told another: the same as the one built into the core. */
export const defaultPolicy: Policy = settingsSchema.parse({});

/** @returns what a host must know of a policy beside its image */
export function hostPolicyOf(policy: Policy): HostPolicy {
  const { scopes = [], limits, failure } = policy;
  const isScoped = scopes.some((scope) => scope.failure ?? scope.blockPage ?? scope.limits?.holdBytes);
  return { holdBytes: limits.holdBytes, failure, pages: pagesOf(policy).all, isScoped };
}

/** What a host does without a policy. */
export const policyDefaults: HostPolicy = hostPolicyOf(defaultPolicy);
