/**
 * What a policy service and its hosts say to each other, over HTTP: one answer that names the policy, parts by their
 * hashes, and what each host reports of itself. Everything that comes in is checked here, on both sides.
 */
import { z } from "zod";
import { MODES } from "../core/verdict.ts";
import { LISTS } from "./ip-list.ts";

/** Version of the paths and forms. */
export const PATHS = {
  policy: "/v1/policy",
  parts: "/v1/parts/",
  image: "/v1/image",
  report: "/v1/report",
  status: "/v1/status",
  edit: "/v1/edit",
  objects: "/v1/objects",
  candidate: "/v1/candidate",
  rollout: "/v1/rollout",
  document: "/v1/document",
  /** `authority`, `enrol` and `renew` stand behind it. */
  enrolment: "/v1/enrolment/",
} as const;

/** Header by which instances of one node are told apart. */
export const INSTANCE_HEADER = "merlon-instance";
/** Bytes of the largest answer that is no part. */
export const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of the largest policy as text: a file and added objects of 8 MiB each, with room for what JSON escapes. */
export const DOCUMENT_BYTES_MAX = 48 * 1024 * 1024;
/** Bytes of the largest report. */
export const REPORT_BYTES_MAX = 128 * 1024;
/** Seconds that a question may wait for news. */
export const WAIT_SECONDS_MAX = 60;
/** Requests that a host keeps because a candidate would answer them differently, and reports. */
export const CHANGES_KEPT_MAX = 100;
const HITS_MAX = 64;
const COUNTERS_MAX = 32;
const INSTANCES_SHOWN_MAX = 1000;
/** Classes of times, each twice as long as the one before; the last has everything beyond a second. */
export const TIME_CLASSES = 16;
/** Microseconds of the first class. */
export const CLASS_MICROS = 64;
/** Policies whose requests a host tells apart: those before still count while a new one is tried. */
export const TRAFFIC_KEPT_MAX = 4;
/** Clients that are told apart in a comparison. */
export const CLIENTS_MAX = 64;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const milliseconds = z.number().min(0);
const count = z.int().min(0);
/** Names that stand in URLs, files and tables as they are. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$/, "is no name; write up to 63 letters, digits, dots and dashes");

/** Which policy counts, and which candidate is shown beside it. */
export const pointerSchema = z.strictObject({
  format: z.literal(1),
  version: count,
  /** Milliseconds since 1970. */
  publishedAt: milliseconds,
  bundle: z.strictObject({ hash, size: count }),
  candidate: z.strictObject({ hash, size: count, endsAt: milliseconds }).nullable(),
  /** The policy is only tried here: without another word for so long, the host goes back to the one before. */
  trial: z.strictObject({ forMs: milliseconds }).optional(),
});
/** See `pointerSchema`. */
export type Pointer = z.output<typeof pointerSchema>;

/** Answer of `GET authority`. */
export const authoritySchema = z.object({ authority: z.string().max(65_536) });
/** What a node gets when it enrols, and when it renews: PEM, and how long the certificate lasts from now on. */
export const issuedSchema = z.object({
  name: nameSchema,
  certificate: z.string().max(65_536),
  authority: z.string().max(65_536),
  lifetimeMs: milliseconds,
});

/** The policy that counts, as text, for those who may change it. */
export const documentSchema = z.strictObject({
  version: count,
  /** Of its bundle. */
  hash,
  publishedAt: milliseconds,
  /** What somebody wrote; the text is null where the asker has the one of this hash. */
  base: z.strictObject({ hash, text: z.string().nullable() }),
  /** Exceptions and lists that were added at the service, as documents of a policy file. */
  added: z.string(),
  /** The mode that was said for the whole fleet. */
  mode: z.strictObject({ mode: z.enum(MODES), reason: z.string() }).nullable(),
});
/** See `documentSchema`. */
export type PolicyDocument = z.output<typeof documentSchema>;

/** What a change led to. */
export const changedSchema = z.object({
  /** In words. */
  did: z.string(),
  published: z.object({ hash: z.string(), version: z.number() }),
});

/** A request that a candidate would answer differently. Strings were written by clients: escape them. */
export const changeSchema = z.strictObject({
  at: milliseconds,
  ref: z.string().max(64),
  method: z.string().max(32),
  host: z.string().max(255),
  /** Without the query. */
  path: z.string().max(256),
  /** `stamp@point` of what was found, no value. */
  findings: z.array(z.string().max(600)).max(4),
  before: z.enum(["pass", "block"]),
  after: z.enum(["pass", "block"]),
});
/** See `changeSchema`. */
export type Change = z.output<typeof changeSchema>;

/** What a candidate would have changed on a host. */
export const comparisonSchema = z.strictObject({
  hash,
  since: milliseconds,
  requests: count,
  wouldBlock: count,
  wouldPass: count,
  /** Clients seen, and those with a request that would be blocked, or pass; up to CLIENTS_MAX of each. */
  clients: z.strictObject({ seen: count, wouldBlock: count, wouldPass: count }).optional(),
  /** The newest of them. */
  changes: z.array(changeSchema).max(CHANGES_KEPT_MAX),
});
/** See `comparisonSchema`. */
export type Comparison = z.output<typeof comparisonSchema>;

/** Where the policy of a host comes from: the service, the disk, its file, or nowhere but the core. */
export const ORIGINS = ["live", "last_known_good", "builtin"] as const;

/** What a host has counted under one policy. */
export const trafficSchema = z.strictObject({
  hash,
  requests: count,
  /** Stopped by a verdict. */
  blocked: count,
  /** Those that passed and in which nothing was found. */
  clean: count,
  /** Of these, those that ended with 5xx. */
  errors: count,
  /** Of these, how many took how long in the host's own code, by classes. */
  times: z.array(count).length(TIME_CLASSES),
});
/** See `trafficSchema`. */
export type Traffic = z.output<typeof trafficSchema>;

/** What a host says of itself. */
export const reportSchema = z.strictObject({
  instance: nameSchema,
  /** `sidecar`, `extproc` … */
  kind: nameSchema,
  merlon: z.string().max(32),
  policy: z.strictObject({
    hash: hash.nullable(),
    version: count,
    source: z.enum(ORIGINS),
    /** When it came into force. */
    since: milliseconds,
  }),
  /** The last policy that the host could not take. */
  refused: z.strictObject({ hash, why: z.string().max(500) }).nullable(),
  counters: z
    .record(z.string().max(40), z.number())
    .refine((all) => Object.keys(all).length <= COUNTERS_MAX, `has more than ${COUNTERS_MAX} counters`),
  hits: z.array(z.strictObject({ list: z.enum(LISTS), entry: z.string().max(64), hits: count })).max(HITS_MAX),
  comparison: comparisonSchema.nullable(),
  /** The policy in force and those before it. */
  traffic: z.array(trafficSchema).max(TRAFFIC_KEPT_MAX).optional(),
});
/** See `reportSchema`. */
export type Report = z.output<typeof reportSchema>;

/** One instance, as the service knows it. */
export const instanceSchema = z.strictObject({
  node: z.string().max(80),
  instance: z.string().max(64),
  kind: z.string().max(64),
  merlon: z.string().max(32),
  /**
   * `active`: has the policy that counts; `canary`: has the one that is tried; `behind`: has another; `refused`: could
   * not take it; `silent`: not heard.
   */
  state: z.enum(["active", "canary", "behind", "refused", "silent"]),
  source: z.enum(ORIGINS),
  version: count,
  /** Why it was refused. */
  why: z.string().max(500),
  /** Milliseconds from the publication to the report that it is in force; null where it is not. */
  tookMs: z.number().nullable(),
  lastSeen: milliseconds,
  counters: z.record(z.string(), z.number()),
});
/** See `instanceSchema`. */
export type InstanceState = z.output<typeof instanceSchema>;

/** How far a version has come that is tried before it counts. */
export const rolloutSchema = z.strictObject({
  /** `shown`: beside the policy that decides; `trial`: in force on the canaries; the others are how it ended. */
  stage: z.enum(["shown", "trial", "published", "held", "rolled_back", "superseded"]),
  hash,
  /** When the stage began. */
  at: milliseconds,
  /** Who tries it, `node instance`; none where it is shown on all. The first of them. */
  canaries: z.array(z.string().max(150)).max(100),
  /** Requests compared, and those that it stops or lets pass otherwise than the policy before. */
  requests: count,
  wouldBlock: count,
  wouldPass: count,
  /** Why it was held back or taken back; "" otherwise. */
  why: z.string().max(500),
  /** Who has decided: `service`, or an operator. */
  by: z.string().max(80),
});
/** See `rolloutSchema`. */
export type RolloutState = z.output<typeof rolloutSchema>;

/** What conditions say, in the words of GEP-713. */
export const CONDITIONS = ["Accepted", "Programmed", "Enforced"] as const;
/** One condition of an object. */
export const conditionSchema = z.strictObject({
  type: z.enum(CONDITIONS),
  status: z.enum(["True", "False", "Unknown"]),
  /** One word for programs. */
  reason: z.string().max(64),
  /** A sentence for people. */
  message: z.string().max(500),
});
/** See `conditionSchema`. */
export type Condition = z.output<typeof conditionSchema>;

/** One object of the policy, and what is true of it. */
export const objectStateSchema = z.strictObject({
  kind: z.enum(["WafPolicy", "WafException", "WafIPList"]),
  name: z.string().max(253),
  conditions: z.array(conditionSchema).max(CONDITIONS.length),
});
/** See `objectStateSchema`. */
export type ObjectState = z.output<typeof objectStateSchema>;
/** Objects that a status shows; those of which something is not true come first. */
export const OBJECTS_SHOWN_MAX = 1000;

/** How far a policy has come. */
export const statusSchema = z.strictObject({
  version: count,
  hash,
  publishedAt: milliseconds,
  active: count,
  refused: count,
  /** Instances that count: those heard of lately. */
  total: count,
  /** From the publication to the last instance that has it; null while one is behind. */
  tookMs: z.number().nullable(),
  /** The last version that was tried first; null before there was one. */
  rollout: rolloutSchema.nullable().optional(),
  /** What is true of the policy's objects. */
  objects: z.array(objectStateSchema).max(OBJECTS_SHOWN_MAX).optional(),
  instances: z.array(instanceSchema).max(INSTANCES_SHOWN_MAX),
  hits: z.array(z.strictObject({ list: z.enum(LISTS), entry: z.string(), hits: count })),
});
/** See `statusSchema`. */
export type Status = z.output<typeof statusSchema>;

/** The instances that one answer shows at most. */
export const SHOWN_MAX = INSTANCES_SHOWN_MAX;

/** What is answered where something is wrong: a code and a sentence. */
export const problemSchema = z.object({ code: z.string(), message: z.string() });
