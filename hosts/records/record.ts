/**
 * The record of a transaction that matched: what is spooled at the node, sent, stored, searched, shown and exported.
 * One shape everywhere, so that nothing is translated on the way; docs/records.md tells each field.
 *
 * Two rules. A reader keeps fields that it does not know, since nodes may be newer than the store. Every text that a
 * client wrote is safe to put into JSON and is masked already; bytes that are no UTF-8 stand as `\xNN`, and where
 * exact bytes matter they come in base64 beside it.
 */
import { z } from "zod";
import { CLIENT_LISTS, MODES } from "../core/verdict.ts";

export { CLIENT_LISTS } from "../core/verdict.ts";

/** Version of the shape. */
export const RECORD_VERSION = 1;
/** A record in JSON is never longer. */
export const RECORD_BYTES_MAX = 32 * 1024;
/** Bytes of an excerpt on each side of what matched. */
export const EXCERPT_BYTES = 1024;

/** The kinds of hosts. */
export const NODE_KINDS = ["sidecar", "ext_proc", "wasm", "ebpf", "local"] as const;
/** What was done: stopped, let through in a mode that only watches, let through without an answer of the core, cut. */
export const RECORD_ACTIONS = ["blocked", "monitored", "passed_fail_open", "partially_blocked"] as const;
/** Why a hit did or did not count. */
export const DECISIONS = ["would_block", "excepted", "experimental", "counted"] as const;

const text = (most: number): z.ZodString => z.string().max(most);
const count = z.int().min(0);
/** A ULID. */
export const recordId = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, "is no ULID");
const span = z.tuple([count, count]);

/** One layer of a hit, from the raw bytes of the point's value on. */
export const layerSchema = z.looseObject({
  /** `raw`, or the decoder's name. */
  as: text(32),
  /** The bytes that matched, relative to this layer of the value. */
  span,
  /** Bytes around the span, base64, masked. */
  excerpt_b64: text(4096),
  /** Where the excerpt begins in the layer. */
  excerpt_at: count,
});

/** One finding of one attack type at one point; several signatures may have seen it. */
export const hitSchema = z.looseObject({
  type: text(48),
  subtype: text(64).optional(),
  stamps: z.array(text(96)).min(1).max(16),
  cwe: z.array(text(16)).max(16),
  cve: z.array(text(32)).max(16),
  severity: z.int().min(1).max(5),
  /** The point's names from the outside in. */
  point: z.array(text(256)).max(32),
  /** The same in dotted form, as rules and searches write it. */
  point_s: text(1024),
  reason: text(512),
  layers: z.array(layerSchema).max(16),
  /** What matched, in the innermost layer, as text. */
  payload: text(2048),
  decision: z.enum(DECISIONS),
  /** Name of the exception that let it pass. */
  exception: text(253).nullable(),
});

const node = z.looseObject({ id: text(253), kind: z.enum(NODE_KINDS), version: text(64) });
const policy = z.looseObject({ ref: text(512), generation: count, sha256: text(64) });
const client = z.looseObject({
  ip: text(45),
  ip_source: text(32).optional(),
  port: count.optional(),
  country: text(2).nullable().optional(),
  asn: count.nullable().optional(),
  list: z.enum(CLIENT_LISTS),
});
const body = z.looseObject({
  size: count,
  inspected: count,
  /** The body's bytes around the first finding in it, masked. */
  excerpt_b64: text(8192).optional(),
  truncated: z.boolean(),
});
const request = z.looseObject({
  /** The id that the proxy in front gave it. */
  id: text(128).optional(),
  trace_id: text(64).optional(),
  proto: text(16).optional(),
  scheme: text(8),
  method: text(64),
  host: text(253),
  path: text(2048),
  /** The path with what varies replaced: `/api/articles/{id}`. */
  path_template: text(2048),
  /** Masked; without the question mark. */
  query: text(4096),
  /** Name and value, masked. */
  headers: z.array(z.tuple([text(128), text(1024)])).max(64),
  body: body.optional(),
});
const response = z.looseObject({
  /** 0 where the client got none. */
  status: z.int().min(0).max(999),
  size: count.optional(),
  time_ms: z.number().min(0).optional(),
  seen: z.boolean(),
});
const limits = z.looseObject({
  reached: z.array(text(64)).max(32),
  parser_anomaly: z.array(text(64)).max(32),
  matches_dropped: count,
  /** What the host spent on it, microseconds. */
  cpu_us: z.number().min(0).optional(),
});
const sampled = z.looseObject({
  /** False where only the head of the record was kept and its group is counted. */
  kept: z.boolean(),
  /** Records of one group look alike: hash of type, point, host, path template, method and status. */
  group: text(64),
  /** Records of the group since the last one that was kept whole, this one included; sums are exact. */
  count_since_last: z.int().min(1),
});
const labels = z.looseObject({
  /** What an analyst said. */
  verdict: z.enum(["false_positive", "true_attack"]).nullable(),
  note: text(2000).nullable(),
});

/** A record. */
export const recordSchema = z.looseObject({
  v: z.literal(RECORD_VERSION),
  /** Made at the node; whoever sends a record twice sends the same id. */
  id: recordId,
  /** First 16 characters of the id, which the client was shown. */
  ref: z.string().length(16),
  /** When the request began, RFC 3339 in UTC. */
  ts: z.iso.datetime(),
  /** When the store took it. */
  received_ts: z.iso.datetime().optional(),
  /** Number of the record at its node since the node's spool began; gaps are losses. */
  seq: count,
  node,
  /** The core that judged. */
  ruleset: z.looseObject({ id: text(64), sha256: text(64) }),
  policy,
  mode: z.enum(MODES),
  action: z.enum(RECORD_ACTIONS),
  /** What mode block would have done. */
  would_action: z.enum(["pass", "block"]),
  source: z.enum(["inline", "oob", "ebpf"]),
  app: z.looseObject({ name: text(63).nullable(), id: count }),
  env: z.looseObject({}),
  client,
  request,
  response,
  hits: z.array(hitSchema).max(64),
  limits,
  /** The response to an attack showed what it should not. */
  incident: z.boolean(),
  /** Points whose values were hidden. */
  masked: z.array(text(1024)).max(64),
  sampled,
  labels: labels.optional(),
});

/** A record, checked. */
export type AttackRecord = z.output<typeof recordSchema>;
/** One hit of a record. */
export type Hit = z.output<typeof hitSchema>;
