/**
 * Lines of the filter's access log, and what makes whole records of them: what only a host with a file system and the
 * policy's text knows. Values were masked in the core. A line is written by Envoy, and Envoy is trusted as far as its
 * clients are kept from writing into it: everything is checked all the same.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { signatureOf } from "../../core/catalog.ts";
import type { SignatureInfo } from "../../core/engine-options.ts";
import type { Match } from "../../core/verdict.ts";
import { MODES } from "../../core/verdict.ts";
import { hitsOf } from "../../records/hits.ts";
import type { NodeFacts } from "../../records/make-record.ts";
import { pathTemplate } from "../../records/path-template.ts";
import type { PolicyFacts } from "../../records/policy-facts.ts";
import { type AttackRecord, CLIENT_LISTS, RECORD_VERSION, recordId } from "../../records/record.ts";
import { cutText, safeText } from "../../records/safe-text.ts";

const HITS_MAX = 64;
const GROUP_CHARS = 24;
const PATH_CHARS = 2048;

const text = (most: number): z.ZodString => z.string().max(most);
const count = z.int().min(0);
const words = z.array(text(64)).max(32);

const layerSchema = z.object({
  as: text(32),
  span: z.tuple([count, count]),
  excerpt_at: count,
  excerpt_b64: z.base64().max(4096),
});
const hitSchema = z.object({
  stamps: z.array(text(96)).length(1),
  severity: z.int().min(1).max(5),
  /** The catalog's line of a rule of the policy, which no core has in its own. */
  rule: text(2048).optional(),
  point_s: text(1024),
  decision: z.enum(["would_block", "excepted", "counted"]),
  exception_number: count,
  layers: z.array(layerSchema).min(1).max(16),
});

/** A line of the log; fields that a newer filter adds are no fault. */
export const lineSchema = z.object({
  record: z.object({
    v: z.literal(RECORD_VERSION),
    id: recordId,
    ref: text(16),
    ts: z.iso.datetime(),
    mode: z.enum(MODES),
    action: z.enum(["blocked", "monitored", "partially_blocked"]),
    would_action: z.enum(["pass", "block"]),
    source: z.literal("inline"),
    app: z.object({ id: count }),
    /** Hash of the policy that judged; absent where the filter was not told. */
    policy: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    client: z.object({ ip: text(45), list: z.enum(CLIENT_LISTS) }),
    request: z.object({
      id: text(128),
      scheme: text(8),
      method: text(64),
      host: text(253),
      path: text(PATH_CHARS),
      body: z.object({ size: count, inspected: count, truncated: z.boolean() }),
    }),
    hits: z.array(hitSchema).max(HITS_MAX),
    limits: z.object({ reached: words, parser_anomaly: words, matches_dropped: count }),
    incident: z.boolean(),
  }),
  response: z.object({ status: z.int().min(0).max(999), size: count, time_ms: z.number().min(0) }),
});

/** A line, checked. */
export type FilterLine = z.output<typeof lineSchema>;

/** What the agent knows beside the lines. */
export interface Completion {
  readonly node: NodeFacts;
  readonly policy: PolicyFacts;
  readonly signatures: ReadonlyMap<string, SignatureInfo>;
}

/** @returns a line's record, null where it is none */
export function parseLine(line: string): FilterLine | null {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** Makes the record whole. Names of a policy that the agent does not have stay empty: numbers are no names. */
export function completeRecord({ record, response }: FilterLine, known: Completion): AttackRecord {
  const { node } = known;
  const isKnown = record.policy === undefined || record.policy === known.policy.sha256;
  const { ref, generation, sha256, applications, exceptions } = isKnown ? known.policy : strange(record.policy ?? "");
  const matches = record.hits.map((hit) => matchOf(hit, known.signatures));
  const path = safeText(Buffer.from(record.request.path, "latin1"), PATH_CHARS);
  const { body, ...request } = record.request;
  const [host, method] = [safeText(request.host, 253), safeText(request.method, 64)];
  const first = matches.find(({ point }) => point.startsWith("post."))?.layers[0];
  const excerpt = first === undefined ? {} : { excerpt_b64: Buffer.from(first.excerpt).toString("base64") };
  const template = cutText(pathTemplate(path), PATH_CHARS);
  const findings = [...new Set(matches.map(({ type, point }) => `${type} ${point}`))].sort();
  return {
    v: RECORD_VERSION,
    id: record.id,
    ref: record.ref,
    ts: record.ts,
    // The spool numbers it.
    seq: 0,
    node: { id: node.id, kind: node.kind, version: node.version },
    ruleset: node.ruleset,
    policy: { ref, generation, sha256 },
    mode: record.mode,
    action: record.action,
    would_action: record.would_action,
    source: record.source,
    app: { name: applications.get(record.app.id) ?? null, id: record.app.id },
    env: { ...node.env },
    client: record.client,
    request: {
      ...(request.id === "" ? {} : { id: safeText(request.id, 128) }),
      scheme: safeText(request.scheme, 8),
      method,
      host,
      path,
      path_template: template,
      query: "",
      headers: [],
      ...(body.size === 0 ? {} : { body: { ...body, truncated: true, ...excerpt } }),
    },
    response: { status: response.status, size: response.size, time_ms: response.time_ms, seen: response.status > 0 },
    hits: hitsOf(matches, exceptions),
    limits: record.limits,
    incident: record.incident,
    masked: maskedOf(matches),
    sampled: {
      kept: true,
      group: groupOf([findings, record.action, host.toLowerCase(), template, method, response.status]),
      count_since_last: 1,
    },
  };
}

/** A policy of which nothing is known but its hash. */
function strange(sha256: string): PolicyFacts {
  return { ref: "", generation: 0, sha256, applications: new Map(), exceptions: [] };
}

function groupOf(alike: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(alike)).digest("hex").slice(0, GROUP_CHARS);
}

function maskedOf(matches: readonly Match[]): string[] {
  const isHidden = ({ layers: [raw] }: Match): boolean =>
    raw !== undefined && raw.excerpt.length > 0 && raw.excerpt.every((byte) => byte === 0x2a);
  return [...new Set(matches.filter(isHidden).map(({ point }) => point))];
}

function matchOf(hit: FilterLine["record"]["hits"][number], signatures: Completion["signatures"]): Match {
  const [stamp = ""] = hit.stamps;
  const { type, cwe, cve, reason } =
    hit.rule === undefined ? (signatures.get(stamp) ?? unknownSignature(stamp)) : signatureOf(hit.rule);
  return {
    type,
    stamp,
    cwe,
    ...(cve === undefined ? {} : { cve }),
    severity: hit.severity,
    point: safeText(Buffer.from(hit.point_s, "latin1"), 1024),
    reason,
    counts: hit.decision === "would_block",
    exception: hit.exception_number,
    layers: hit.layers.map(({ as, span, excerpt_at: excerptAt, excerpt_b64: excerpt }) => {
      return { as, span, excerpt: Buffer.from(excerpt, "base64"), excerptAt };
    }),
  };
}

/** A filter of another release may have signatures that this one has not: a stamp begins with its type. */
function unknownSignature(stamp: string): Pick<SignatureInfo, "type" | "cwe" | "reason"> & { cve?: undefined } {
  return { type: /^[a-z]+/.exec(stamp)?.[0] ?? "other", cwe: [], reason: "a signature of another release" };
}
