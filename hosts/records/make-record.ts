/**
 * From what a host tells of a request to its record. Whatever a client wrote comes from the core, which has masked it;
 * where the core cannot answer, nothing of the request's head is kept but its method, host and path template.
 */
import { createHash } from "node:crypto";
import type { EventDetails, VerdictEvent } from "../core/inspection.ts";
import type { RequestHead } from "../core/verdict.ts";
import type { Place } from "../policy/places.ts";
import { hitsOf, spanBytes } from "./hits.ts";
import { pathTemplate } from "./path-template.ts";
import type { PolicyFacts } from "./policy-facts.ts";
import { type AttackRecord, type NODE_KINDS, RECORD_VERSION } from "./record.ts";
import { cutText, safeText } from "./safe-text.ts";

/** Who makes the records. */
export interface NodeFacts {
  readonly id: string;
  readonly kind: (typeof NODE_KINDS)[number];
  readonly version: string;
  /** The core. */
  readonly ruleset: AttackRecord["ruleset"];
  readonly env: Readonly<Record<string, string>>;
  /** Where a client's address is; absent where there are no databases. */
  readonly placeOf?: (address: string) => Place;
}

const METHOD_CHARS = 64;
const HOST_CHARS = 253;
const PATH_CHARS = 2048;
const QUERY_CHARS = 4096;
const NAME_CHARS = 128;
const VALUE_CHARS = 1024;
const MASKED_MAX = 64;
const MASKED_CHARS = 1024;
const GROUP_CHARS = 24;
/** Fields that say nothing of an attack and would only cost room; what a proxy adds for the next hop among them. */
const FIELDS_LEFT_OUT: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "te"]);

/** Whether a request gets a record: something matched, a list denied the client, or the core could not answer. */
export function isRecorded({ verdict }: VerdictEvent): boolean {
  return verdict.matches.length > 0 || verdict.failed || verdict.action === "block";
}

/** @returns the hash by which requests count as alike: types and points, host, path template, method and status */
export function groupOf(event: VerdictEvent): string {
  const { verdict, host, path, method, status } = event;
  const findings = [...new Set(verdict.matches.map(({ type, point }) => `${type} ${point}`))].sort();
  const alike = [findings, actionOf(event), host.toLowerCase(), pathTemplate(path), method, status];
  return createHash("sha256").update(JSON.stringify(alike)).digest("hex").slice(0, GROUP_CHARS);
}

/** What became of a request. */
export function actionOf({ verdict, watched, cut }: VerdictEvent): AttackRecord["action"] {
  const stopped = verdict.action === "block" && !watched;
  if (verdict.failed) return stopped ? "blocked" : "passed_fail_open";
  if (!stopped) return "monitored";
  return cut ? "partially_blocked" : "blocked";
}

function requestOf(event: VerdictEvent, head: RequestHead | null): AttackRecord["request"] {
  const target = head?.target ?? "";
  const query = target.indexOf("?");
  const path = safeText(query < 0 ? target : target.slice(0, query), PATH_CHARS);
  const { requestId } = event;
  const body = bodyOf(event);
  return {
    ...(requestId === undefined ? {} : { id: cutText(safeText(requestId, NAME_CHARS), NAME_CHARS) }),
    scheme: event.scheme,
    method: safeText(event.method, METHOD_CHARS),
    host: safeText(event.host, HOST_CHARS),
    path,
    // Without the core's masks the template of a path is all that may be kept of it, and numbers are not in it.
    path_template: cutText(pathTemplate(head === null ? safeText(event.path, PATH_CHARS) : path), PATH_CHARS),
    query: query < 0 ? "" : safeText(target.slice(query + 1), QUERY_CHARS),
    headers: head === null ? [] : fieldsOf(head),
    ...(body === undefined ? {} : { body }),
  };
}

function fieldsOf({ rawHeaders }: RequestHead): [string, string][] {
  const fields: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = safeText(rawHeaders[i] ?? "", NAME_CHARS).toLowerCase();
    if (!FIELDS_LEFT_OUT.has(name)) fields.push([name, safeText(rawHeaders[i + 1] ?? "", VALUE_CHARS)]);
  }
  return fields;
}

/** The body, with the value around the first finding in it as the core keeps it: masked by where it was found. */
function bodyOf({ verdict, bodyBytes }: VerdictEvent): AttackRecord["request"]["body"] {
  if (bodyBytes === 0) return undefined;
  const found = verdict.matches.find(({ point }) => point.startsWith("post."))?.layers[0];
  const sizes = { size: bodyBytes, inspected: verdict.inspectedBytes, truncated: true };
  return found === undefined ? sizes : { ...sizes, excerpt_b64: Buffer.from(found.excerpt).toString("base64") };
}

/** Points whose values were hidden: fields and parameters that the core changed, and hits that are all stars. */
function maskedOf(event: VerdictEvent, head: RequestHead | null): string[] {
  const points = new Set<string>();
  for (const { point, layers } of event.verdict.matches) {
    const shown = layers[0] === undefined ? [] : spanBytes(layers[0]);
    if (shown.length > 0 && shown.every((byte) => byte === 0x2a)) points.add(cutText(point, MASKED_CHARS));
  }
  const { rawHeaders = [], target = "" } = head ?? {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = safeText(rawHeaders[i] ?? "", NAME_CHARS).toUpperCase();
    if (/^\*+$/.test(rawHeaders[i + 1] ?? "")) points.add(`header.${name}`);
  }
  const query = target.indexOf("?");
  for (const pair of query < 0 ? [] : target.slice(query + 1).split("&", MASKED_MAX)) {
    const equals = pair.indexOf("=");
    if (/^=\*+$/.test(pair.slice(equals))) points.add(`query.${safeText(pair.slice(0, equals), NAME_CHARS)}`);
  }
  return [...points].slice(0, MASKED_MAX);
}

function clientOf(
  { verdict, peer }: VerdictEvent,
  details: EventDetails | null,
  node: NodeFacts,
): AttackRecord["client"] {
  const ip = verdict.clientIp || peer;
  const source = ip === peer ? "peer" : "xff";
  return { ip: cutText(ip, 45), ip_source: source, ...placeFields(node, ip), list: details?.list ?? "none" };
}

/** @returns country and system of an address as a record has them; nothing where nothing is known */
export function placeFields({ placeOf }: NodeFacts, address: string): Pick<AttackRecord["client"], "country" | "asn"> {
  const { country = null, asn = null } = placeOf?.(address) ?? {};
  return { ...(country === null ? {} : { country }), ...(asn === null ? {} : { asn }) };
}

/**
 * Makes a record; to be called while the event is told, since the core then still knows the request.
 * @param group what `groupOf` answers
 */
export function makeRecord(event: VerdictEvent, group: string, node: NodeFacts, policy: PolicyFacts): AttackRecord {
  const { verdict } = event;
  const details = event.details();
  const application = details?.application ?? 0;
  const head = details?.head() ?? null;
  return {
    v: RECORD_VERSION,
    id: event.id,
    ref: event.ref,
    ts: new Date(event.startedAt).toISOString(),
    // The spool numbers it.
    seq: 0,
    node: { id: node.id, kind: node.kind, version: node.version },
    ruleset: node.ruleset,
    policy: { ref: policy.ref, generation: policy.generation, sha256: policy.sha256 },
    mode: verdict.mode,
    action: actionOf(event),
    would_action: verdict.wouldAction,
    source: event.watched ? "oob" : "inline",
    app: { name: policy.applications.get(application) ?? null, id: application },
    env: { ...node.env },
    client: clientOf(event, details, node),
    request: requestOf(event, head),
    response: { status: event.status, time_ms: event.totalMs, seen: event.responseSeen },
    hits: hitsOf(verdict.matches, policy.exceptions),
    limits: {
      reached: [...verdict.limits],
      parser_anomaly: [...verdict.anomalies],
      matches_dropped: verdict.matchesDropped,
      cpu_us: event.addedMicros,
    },
    incident: verdict.incident,
    masked: maskedOf(event, head),
    sampled: { kept: true, group, count_since_last: 1 },
  };
}
