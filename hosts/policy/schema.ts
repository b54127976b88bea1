/**
 * What a policy says: the one schema behind the file `merlon.yaml`, the cluster resource and the console. Field names
 * are those of the WafPolicy resource; this is the part of it that the core and the hosts act on today. A field that
 * nobody would obey is refused, since a setting without effect is worse than an error.
 */
import { z } from "zod";
import { MODES } from "../core/verdict.ts";
import { type Network, parseNetwork } from "./network.ts";
import { bytesText, parseBytes } from "./quantity.ts";

/** Values of `apiVersion` and `kind` in a policy file. */
export const API_VERSION = "merlon.dev/v1alpha1";
export const KIND = "WafPolicy";

const KIBI = 1024;
const MEBI = 1024 * KIBI;
const LIST_ENTRIES_MAX = 1024;
const NAMES_MAX = 256;
/** The core keeps no more of a parameter's name, NAME_BYTES_MAX of assembly/abi/limits.ts. */
const NAME_BYTES_MAX = 128;
const PATH_BYTES_MAX = 2048;

/** Modes as the console says them; `default` leaves it to the local mode. */
export const CONSOLE_MODES = ["default", ...MODES] as const;
/** Whether the console's mode may take the place of the local one: never, only if stricter, always. */
export const OVERRIDES = ["off", "strict", "on"] as const;

const openOrClosed = z.enum(["open", "closed"]);

function bytes(least: number, most: number): z.ZodType<number, unknown> {
  return z.unknown().transform((written, context) => {
    const size = typeof written === "string" || typeof written === "number" ? parseBytes(written) : undefined;
    const range = `${bytesText(least)} to ${bytesText(most)}`;
    if (size === undefined) context.addIssue("is no size; write bytes, or a whole number with Ki or Mi such as 512Ki");
    else if (size < least || size > most) context.addIssue(`is out of range; write one from ${range}`);
    return size ?? 0;
  });
}

const network = z.string().transform((text, context): Network => {
  const parsed = parseNetwork(text.trim());
  if (typeof parsed !== "string") return parsed;
  context.addIssue(`${parsed}; write an address and a prefix length such as 10.0.0.0/8 or 2001:db8::/32`);
  return z.NEVER;
});

/** RFC 9110 §5.6.2; methods are case-sensitive, so `post` would never match. */
const method = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/, "is no HTTP method; write one such as POST")
  .refine((name) => name === name.toUpperCase(), "is in lower case, but methods are compared exactly; write POST");

const path = z
  .string()
  .startsWith("/", "does not begin with a slash; write it as the request does, such as /admin")
  .regex(/^[!-~]*$/, "holds bytes that no request has in its path; write them in percent encoding such as %20")
  .refine((text) => !/[?#]/.test(text), "holds a query or a fragment; write the path alone")
  .refine((text) => Buffer.byteLength(text) <= PATH_BYTES_MAX, `is longer than ${PATH_BYTES_MAX} bytes; shorten it`);

const consoleRule = z.strictObject({ method: method.optional(), path, mode: z.enum(CONSOLE_MODES) });

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

/** What applies to every request, see docs/policy.md for each field. */
export const settingsSchema = z.strictObject({
  mode: z.enum(MODES).default("monitoring"),
  modeAllowOverride: z.enum(OVERRIDES).default("on"),
  console: z
    .strictObject({ mode: z.enum(CONSOLE_MODES).default("default"), rules: consoleRules.default([]) })
    .prefault({}),
  failure: z
    .strictObject({
      trap: openOrClosed.default("open"),
      unreachable: openOrClosed.default("open"),
      overlimit: openOrClosed.default("closed"),
      oversize: openOrClosed.default("open"),
    })
    .prefault({}),
  limits: z
    .strictObject({
      inspectBytes: bytes(KIBI, 1024 * MEBI).prefault("10Mi"),
      holdBytes: bytes(KIBI, 64 * MEBI).prefault("512Ki"),
    })
    .prefault({}),
  clientIP: z
    .strictObject({
      trustedCIDRs: z.array(network).max(LIST_ENTRIES_MAX).default([]),
      header: clientHeader.default("X-Forwarded-For"),
    })
    .prefault({}),
  mask: z.array(maskName).max(NAMES_MAX).default([]),
  disable: z.strictObject({ stamps: z.array(stamp).max(NAMES_MAX).default([]) }).prefault({}),
  blockPage: z.strictObject({ statusCode: z.int().min(400).max(599).default(403) }).prefault({}),
});

/** The settings, checked and with every default filled in. */
export type Policy = z.output<typeof settingsSchema>;

/** A policy as a whole document. Names and labels are for people and clusters; nothing here acts on them. */
export const documentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: z
    .strictObject({
      name: z.string().max(253).optional(),
      namespace: z.string().max(253).optional(),
      labels: z.record(z.string(), z.string()).optional(),
      annotations: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  spec: z.strictObject({ defaults: settingsSchema.prefault({}) }),
});

/** The policy that a host has until it is told another: the same as the one built into the core. */
export const defaultPolicy: Policy = settingsSchema.parse({});

/** The part of a policy that hosts act on themselves. */
export interface HostPolicy {
  /** Body bytes of one request withheld from the application until the verdict. */
  readonly holdBytes: number;
  /** What happens where the core has no answer. */
  readonly failure: Policy["failure"];
  readonly blockPage: { readonly statusCode: number };
}

/** @returns what a host must know of a policy beside its image */
export function hostPolicyOf(policy: Policy): HostPolicy {
  return { holdBytes: policy.limits.holdBytes, failure: policy.failure, blockPage: policy.blockPage };
}

/** What a host does without a policy. */
export const policyDefaults: HostPolicy = hostPolicyOf(defaultPolicy);
