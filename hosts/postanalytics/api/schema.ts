/**
 * What the API takes and answers, as schemas: checked at the server's door in both directions, made into the OpenAPI
 * document, and read by the console's pages as types. Times are milliseconds since 1970 unless a name says otherwise.
 */
import { z } from "zod";
import { MODES } from "../../core/verdict.ts";
import { LISTS } from "../../policy/ip-list.ts";
import { NODE_KINDS, recordSchema } from "../../records/record.ts";
import type { AttackOrder, GroupField } from "../store/store.ts";
import { ROLES } from "./operations.ts";

/** Fields that records are grouped by, at most GROUP_FIELDS_MAX of them together. */
export const GROUP_FIELDS = [
  ...["type", "ip", "point", "host", "path", "app", "country", "stamp", "node", "policy"],
] as const satisfies readonly GroupField[];
/** Orders of attacks. */
export const ATTACK_ORDERS = ["last_seen", "first_seen", "count"] as const satisfies readonly AttackOrder[];
/** Formats of files of records. */
export const EXPORT_FORMATS = ["csv", "jsonl"] as const;
const GROUP_FIELDS_MAX = 4;
const TOP_FIELDS_MAX = GROUP_FIELDS.length;
const DAY_MS = 86_400_000;

const text = (most: number): z.ZodString => z.string().max(most);
const count = z.int().min(0);
const timeMs = z.int().min(0).max(8.64e15);
/** A whole number as a query writes it. */
const queryNumber = (least: number, most: number) => z.coerce.number<number>().int().min(least).max(most);
/** Comma-separated in a query. */
const queryList = <T extends readonly string[]>(values: T, most: number) =>
  z
    .string()
    .max(256)
    .transform((written) => (written === "" ? [] : written.split(",")))
    .pipe(z.array(z.enum(values)).max(most));

/** Name of a user: what an identity provider may call somebody, and nothing that a log line could be forged with. */
export const userNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._@+-]{0,126}[A-Za-z0-9])?$/, "is no name; write letters, digits and . _ @ + -");
/** Name of an application; null stands for all of them. */
export const tenantsSchema = z.array(z.string().min(1).max(63)).max(256).nullable();
const roleSchema = z.enum(ROLES);
/** Rules are those of NIST SP 800-63B §5.1.1: length counts, composition does not. */
const passwordSchema = z
  .string()
  .min(12, "is shorter than 12 characters; take a longer one, such as four words")
  .max(256, "is longer than 256 characters; shorten it");

/** An error: RFC 9457, with the field that is to blame. */
export const problemSchema = z.object({
  type: z.literal("about:blank"),
  title: text(128),
  status: z.int(),
  /** What, why and the fix. */
  detail: text(2048),
  /** Where the fault lies in what was sent: `body.expiresAt`. */
  field: text(256).optional(),
  /** Stable, for programs. */
  code: text(64),
});

/** Nothing more to say than that it was done. */
export const doneSchema = z.object({ done: z.literal(true) });

// --- Session ---------------------------------------------------------------------------------------------------------

/** Ways to sign in. */
export const loginMethodsSchema = z.object({
  password: z.boolean(),
  /** What the button says, where an identity provider is set up. */
  oidc: z.object({ label: text(64) }).nullable(),
});
/** Name and password. */
export const loginSchema = z.strictObject({ name: text(128), password: text(256) });
/** The key of a one-time link. */
export const openLinkSchema = z.strictObject({ key: text(64) });
/** Who is signed in, and what this console can do. */
export const sessionSchema = z.object({
  name: text(128),
  role: roleSchema,
  tenants: tenantsSchema,
  by: z.enum(["password", "link", "oidc", "token"]),
  /** When it ends unless it is used, and when it ends in any case. */
  idleUntil: timeMs,
  endsAt: timeMs,
  /** The password was made by somebody else and is to be changed first. */
  mustChangePassword: z.boolean(),
  version: text(64),
  /** Whether this console may change the policy, and if not, why. */
  policyWrite: z.object({ allowed: z.boolean(), reason: text(512) }),
});
/** A new password for oneself. */
export const changePasswordSchema = z.strictObject({ current: text(256), next: passwordSchema });

// --- Records ---------------------------------------------------------------------------------------------------------

const searchFields = {
  /** The last day where it is left out. */
  from: queryNumber(0, 8.64e15).optional(),
  to: queryNumber(0, 8.64e15).optional(),
  /** In the search grammar, either form. */
  where: z.string().max(4096).default(""),
};
const cursor = z.string().max(1024).optional();
/** How far back a search goes that does not say it. */
export const WINDOW_MS_DEFAULT = DAY_MS;

/** A search alone. */
export const searchQuery = z.strictObject(searchFields);
/** A part of the list of attacks. */
export const attacksQuery = z.strictObject({
  ...searchFields,
  groupBy: queryList(GROUP_FIELDS, GROUP_FIELDS_MAX).prefault("type,ip,host,path"),
  order: z.enum(ATTACK_ORDERS).default("last_seen"),
  limit: queryNumber(1, 200).default(50),
  cursor,
});
/** A part of the list of records. */
export const recordsQuery = z.strictObject({ ...searchFields, limit: queryNumber(1, 500).default(50), cursor });
/** A file of records. */
export const exportQuery = z.strictObject({
  ...searchFields,
  format: z.enum(EXPORT_FORMATS).default("csv"),
  /** Records at most; the file says where it was cut. */
  most: queryNumber(1, 1_000_000).default(100_000),
});
/** Statistics. */
export const statisticsQuery = z.strictObject({
  ...searchFields,
  buckets: queryNumber(1, 400).default(60),
  top: queryList(GROUP_FIELDS, TOP_FIELDS_MAX).prefault("type,ip,app,path"),
});
/** A search to be read. */
export const checkSearchQuery = z.strictObject({ where: z.string().max(4096) });

const keySchema = z.partialRecord(z.enum(GROUP_FIELDS), z.string());
/** Records that belong together; Attack of store.ts. */
export const attackSchema = z.object({
  id: text(256),
  key: keySchema,
  types: z.array(z.string()),
  stamps: z.array(z.string()),
  records: count,
  hits: count,
  blocked: count,
  incidents: count,
  clients: count,
  severity: count,
  firstSeen: timeMs,
  lastSeen: timeMs,
  isNew: z.boolean(),
  falsePositives: count,
  sample: recordSchema,
});
const next = z.string().nullable();
/** A part of the list of attacks. */
export const attacksPage = z.object({ items: z.array(attackSchema), next });
/** A part of the list of records. */
export const recordsPage = z.object({ items: z.array(recordSchema), next });
/** An exact number, sampled-out records included. */
export const countSchema = z.object({ count });
/** Statistics of store.ts. */
export const statisticsSchema = z.object({
  bucketMs: count,
  series: z.array(z.object({ at: timeMs, records: count, blocked: count })),
  totals: z.object({ records: count, hits: count, blocked: count, clients: count }),
  top: z.partialRecord(z.enum(GROUP_FIELDS), z.array(z.object({ value: z.string(), count }))),
});
/** What an analyst says of a record. */
export const labelSchema = z.strictObject({
  verdict: z.enum(["false_positive", "true_attack"]).nullable(),
  note: text(2000).nullable().default(null),
});
/** A search as it was read. */
export const searchCheckSchema = z.object({
  valid: z.boolean(),
  /** The long form; empty for an empty search, and where it cannot be read. */
  long: z.string(),
  /** One for each condition that all must hold: short text to show, and the long text to put together again. */
  chips: z.array(z.object({ text: z.string(), long: z.string(), negated: z.boolean() })),
  /** What is wrong and the fix; `at` is a character of the text. */
  problem: z.object({ message: z.string(), at: count }).nullable(),
});
/** Event `record` of the live stream: enough for a line of a list. */
export const liveRecordSchema = z.object({
  id: z.string(),
  ref: z.string(),
  at: timeMs,
  types: z.array(z.string()),
  severity: count,
  ip: z.string(),
  method: z.string(),
  host: z.string(),
  path: z.string(),
  point: z.string(),
  status: count,
  app: z.string().nullable(),
  mode: z.enum(MODES),
  action: z.string(),
  wouldAction: z.string(),
  incident: z.boolean(),
  /** Records that this one stands for, sampled-out ones included. */
  count,
});
/** Event `summary` of the live stream, once a second. */
export const liveSummarySchema = z.object({
  at: timeMs,
  /** Records since the summary before, and those among them that were not told one by one. */
  records: count,
  blocked: count,
  skipped: count,
});
/** Applications and what was found in the last 30 days. */
export const applicationsSchema = z.object({
  items: z.array(z.object({ name: z.string(), records: count })),
});

// --- Exceptions ------------------------------------------------------------------------------------------------------

/** An exception as people write it: `spec` of a WafException; the policy's own schema checks it again. */
export const exceptionDraftSchema = z.strictObject({
  match: z.strictObject({
    host: text(255).optional(),
    method: text(32).optional(),
    path: text(2048).optional(),
    point: text(512).optional(),
  }),
  ignore: z.strictObject({
    stamps: z.array(text(64)).max(64).default([]),
    types: z.array(text(32)).max(64).default([]),
  }),
  reason: text(500),
  /** RFC 3339. */
  expiresAt: text(40),
});
/** A record to make exceptions for, and for how long. */
export const proposeSchema = z.strictObject({
  record: text(26),
  reason: text(500).default(""),
  days: z.int().min(1).max(3650).default(30),
});
/** One for each point and group of signatures, closest first. */
export const proposalSchema = z.object({
  items: z.array(z.object({ draft: exceptionDraftSchema, yaml: z.string() })),
  /** What could not be said as closely as it should. */
  notes: z.array(z.string()),
});
/** What to weigh: an exception against the records of a window. */
export const previewExceptionSchema = z.strictObject({
  draft: exceptionDraftSchema,
  from: timeMs.optional(),
  to: timeMs.optional(),
});
const recordLine = z.object({
  id: z.string(),
  ref: z.string(),
  at: timeMs,
  ip: z.string(),
  method: z.string(),
  host: z.string(),
  path: z.string(),
  types: z.array(z.string()),
  payload: z.string(),
});
/** What an exception would change. Counts are exact up to `examined`, which `complete` says whether it was all. */
export const previewSchema = z.object({
  /** Records that were looked at, sampled-out ones included, and whether the window had no more. */
  examined: count,
  complete: z.boolean(),
  /** Records that hold a finding it covers. */
  touched: count,
  /** Records that would no longer count at all. */
  released: count,
  hits: count,
  clients: count,
  byStamp: z.array(z.object({ stamp: z.string(), count })),
  /** Records on the same route that it leaves as they are. */
  untouchedOnRoute: count,
  /** Released records that an analyst called true attacks: at most 20. */
  trueAttacks: z.array(recordLine),
  /** Some of the released ones: at most 20. */
  examples: z.array(recordLine),
  /** Attacks that Merlon ships as test cases and that this exception would let pass at its point. */
  knownAttacks: z.object({
    tried: count,
    admitted: z.array(z.object({ type: z.string(), payload: z.string(), stamps: z.array(z.string()) })),
    admittedCount: count,
  }),
});
/** An exception to be put into force. */
export const applyExceptionSchema = z.strictObject({
  draft: exceptionDraftSchema,
  /** The record that it was made for; it is labelled a false positive. */
  record: text(26).optional(),
});
/** What a change did. */
export const changeSchema = z.object({
  /** Name of what was made or removed. */
  name: z.string(),
  generation: count,
  at: timeMs,
});
/** An exception in force or expired. */
export const exceptionSchema = z.object({
  name: z.string(),
  draft: exceptionDraftSchema,
  /** `ignore.all` of an exception in a file: everything passes. */
  ignoresAll: z.boolean(),
  expired: z.boolean(),
  /** Findings that it let pass since `countedSince`. */
  hits: count,
  lastHit: timeMs.nullable(),
  /** Whether this console made it, and so may remove it. */
  managedBy: z.enum(["console", "file"]),
  createdBy: z.string().nullable(),
  createdAt: timeMs.nullable(),
  yaml: z.string(),
});
/** Exceptions. */
export const exceptionsSchema = z.object({ items: z.array(exceptionSchema), countedSince: timeMs });

// --- IP lists, policy, nodes -----------------------------------------------------------------------------------------

/** A source to be listed. */
export const addIpEntrySchema = z.strictObject({
  list: z.enum(LISTS),
  /** An address or a network. */
  source: text(64),
  /** Null for ever. */
  ttlSeconds: z.int().min(1).max(315_360_000).nullable(),
  reason: text(500),
  /** Also where it has the asker's own address. */
  force: z.boolean().default(false),
});
/** A source to be weighed. */
export const previewIpEntrySchema = z.strictObject({ list: z.enum(LISTS), source: text(64) });
/** Whom it would hit in the last day. */
export const ipPreviewSchema = z.object({
  /** Records whose client it has, and clients among them. */
  records: count,
  clients: count,
  complete: z.boolean(),
  /** Why it is dangerous; null where it is not. */
  lockOut: z.string().nullable(),
});
/** Which entry to remove. */
export const removeIpEntryQuery = z.strictObject({ list: z.enum(LISTS), source: text(64) });
/** Listed sources. */
export const ipListsSchema = z.object({
  items: z.array(
    z.object({
      list: z.enum(LISTS),
      source: z.string(),
      expiresAt: timeMs.nullable(),
      expired: z.boolean(),
      reason: z.string(),
      /** Null where nodes do not tell. */
      hits: count.nullable(),
      managedBy: z.enum(["console", "file"]),
    }),
  ),
});

/** The policy in force. */
export const policySchema = z.object({
  name: z.string(),
  generation: count,
  sha256: z.string(),
  mode: z.enum(MODES),
  source: z.enum(["file", "builtin", "service"]),
  since: timeMs,
  /** As a file would say it, with what this console has changed. */
  yaml: z.string(),
});
/** Which nodes run it. */
export const policyStateSchema = z.object({
  generation: count,
  sha256: z.string(),
  since: timeMs,
  active: count,
  total: count,
  /** From the change until the last active node had it; null while one lacks it. */
  tookMs: z.number().nullable(),
  nodes: z.array(
    z.object({
      id: z.string(),
      generation: count,
      active: z.boolean(),
      /** Why it lacks it. */
      problem: z.string().nullable(),
      at: timeMs,
    }),
  ),
});
/** A request to be explained. */
export const explainPolicySchema = z.strictObject({
  method: text(32).default("GET"),
  host: text(255),
  path: text(2048).startsWith("/", "does not begin with a slash; write it as the request does"),
});
/** What the policy says of it. */
export const policyExplanationSchema = z.object({
  mode: z.enum(MODES),
  /** From the widest to the closest: what says something of this request, and what it says. */
  steps: z.array(z.object({ from: z.string(), says: z.string() })),
  exceptions: z.array(z.string()),
  application: z.string().nullable(),
});
/** A mode. */
export const setModeSchema = z.strictObject({
  mode: z.enum(MODES),
  reason: z.string().trim().min(1, "is empty; say why, for whoever finds it at three in the night").max(500),
});

/** Nodes and what they did since they began. */
export const nodesSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(NODE_KINDS),
      version: z.string(),
      lastSeen: timeMs,
      /** What a node of this process or a policy service tells; null where only its records are known. */
      traffic: z
        .object({
          requests: count,
          inspected: count,
          blocked: count,
          /** Requests that were not looked at, by reason. */
          skipped: z.record(z.string(), count),
          addedMicrosP50: z.number().min(0),
          addedMicrosP99: z.number().min(0),
        })
        .nullable(),
    }),
  ),
});
/** A node that may send records from now on. */
export const addNodeTokenSchema = z.strictObject({
  node: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, "is no node's name; write one such as shop-node-1"),
  /** Days; for ever where null. */
  days: z.int().min(1).max(3650).nullable().default(null),
});
const tokenFields = {
  id: z.string(),
  createdAt: timeMs,
  createdBy: z.string(),
  expiresAt: timeMs.nullable(),
  lastUsedAt: timeMs.nullable(),
};
/** Tokens of nodes, without the tokens. */
export const nodeTokensSchema = z.object({ items: z.array(z.object({ ...tokenFields, node: z.string() })) });
/** A token, this once. */
export const newTokenSchema = z.object({ id: z.string(), token: z.string(), expiresAt: timeMs.nullable() });

// --- Exports ---------------------------------------------------------------------------------------------------------

const exportName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "is no name; write one such as siem-1");
const httpUrl = z.url({ protocol: /^https?$/ }).max(2048);
const secret = text(512);
/** Where records go. Secrets are taken and never shown again. */
export const sinkSchema = z.discriminatedUnion("kind", [
  /** `exports/<name>.jsonl` in the data folder. */
  z.strictObject({ kind: z.literal("file") }),
  z.strictObject({
    kind: z.literal("syslog"),
    host: text(253),
    port: z.int().min(1).max(65_535),
    tls: z.boolean().default(true),
    /** PEM of the authorities that the receiver's certificate is verified by. */
    ca: text(65_536).optional(),
  }),
  z.strictObject({ kind: z.literal("otlp"), url: httpUrl, bearer: secret.optional() }),
  z.strictObject({ kind: z.literal("webhook"), url: httpUrl, secret: secret.min(16, "is shorter than 16 characters") }),
  z.strictObject({ kind: z.literal("slack"), url: httpUrl }),
]);
/** An export. */
export const addExportSchema = z.strictObject({
  name: exportName,
  sink: sinkSchema,
  /** Only records that it finds; all where empty. */
  where: z.string().max(4096).default(""),
});
/** Exports, without secrets. */
export const exportsSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      /** Where it goes, as a person would say it. */
      target: z.string(),
      where: z.string(),
      delivered: count,
      failed: count,
      /** Between the newest record stored and the newest delivered. */
      lagSeconds: z.number().min(0),
      lastError: z.string().nullable(),
    }),
  ),
});
/** What became of a test. */
export const testExportSchema = z.object({ delivered: z.boolean(), problem: z.string().nullable() });

// --- Users, tokens, audit --------------------------------------------------------------------------------------------

/** A user. */
export const userSchema = z.object({
  name: z.string(),
  role: roleSchema,
  tenants: tenantsSchema,
  /** Who vouches: a password of ours, or an identity provider. */
  by: z.enum(["password", "oidc"]),
  locked: z.boolean(),
  createdAt: timeMs,
  lastLoginAt: timeMs.nullable(),
});
/** Users. */
export const usersSchema = z.object({ items: z.array(userSchema) });
/** A user to be. */
export const addUserSchema = z.strictObject({
  name: userNameSchema,
  role: roleSchema,
  tenants: tenantsSchema.default(null),
});
/** A password that somebody else made: shown once, to be changed at the first login. */
export const newPasswordSchema = z.object({ name: z.string(), password: z.string() });
/** What is to change of a user. */
export const changeUserSchema = z.strictObject({
  role: roleSchema.optional(),
  tenants: tenantsSchema.optional(),
  locked: z.boolean().optional(),
});
/** A token to be. */
export const addTokenSchema = z.strictObject({
  name: text(64).min(1),
  role: roleSchema,
  /** No wider than the user's own. */
  tenants: tenantsSchema.default(null),
  days: z.int().min(1).max(365).default(90),
});
/** Tokens, without the tokens. */
export const tokensSchema = z.object({
  items: z.array(
    z.object({ ...tokenFields, name: z.string(), user: z.string(), role: roleSchema, tenants: tenantsSchema }),
  ),
});
/** A part of the audit log. */
export const auditQuery = z.strictObject({
  who: text(128).optional(),
  action: text(64).optional(),
  limit: queryNumber(1, 200).default(50),
  cursor,
});
/** The audit log. */
export const auditPage = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      at: timeMs,
      who: z.string(),
      /** Address of the connection's other end. */
      from: z.string(),
      /** Name of the operation. */
      action: z.string(),
      object: z.string(),
      outcome: z.enum(["done", "refused", "failed"]),
      /** One line for each field that changed. */
      changes: z.array(z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
    }),
  ),
  next,
});
