/** From a record to the rows that are searched: its kind, its client, its path, and what is said of each once. */
import { hash } from "node:crypto";
import { parseAddress } from "../../policy/expression/address.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { Value } from "./database.ts";

/** Columns of a kind, after its key. */
export const KIND_COLUMNS = [
  ...["app", "host", "path", "method", "status", "action", "would", "mode", "source", "node", "node_kind", "policy"],
  ...["client_list", "incident"],
] as const;
/** Columns of a finding, after its key. */
export const FINDING_COLUMNS = ["hits", "severity"] as const;
/** Columns of a client, after its key. */
export const CLIENT_COLUMNS = ["ip", "ip_key", "country", "asn"] as const;

/** Longer points are found by their beginning: an entry of PostgreSQL's index takes 2,700 bytes. */
const MARK_CHARS_MAX = 600;

/** Addresses whose keys are remembered: a client comes more than once, and reading an address takes its time. */
const IP_KEYS_MAX = 4_096;
const IP_CHARS_MAX = 64;
const ipKeys = new Map<string, string>();

/** A row that is found again by a hash of what it says. */
export interface Dimension {
  readonly key: string;
  readonly columns: readonly Value[];
}

/** What a finding is marked with; several values of a field are no exception. */
export type MarkField = "type" | "subtype" | "stamp" | "point" | "cve" | "cwe" | "decision" | "exception";
/** A mark: a field and its value. */
export type Mark = readonly [MarkField, string];

/** A record as the tables take it. */
export interface RecordColumns {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly n: number;
  readonly requestId: string | null;
  readonly finding: Dimension;
  readonly marks: readonly Mark[];
  readonly kind: Dimension;
  /** Of records that nothing new is to be seen in, beside each other. */
  readonly look: string;
  readonly client: Dimension;
  readonly path: Dimension;
}

/** Takes a record apart. */
export function columnsOf(record: AttackRecord): RecordColumns {
  const { request, client, hits } = record;
  const marks = marksOf(record);
  const kind = [
    ...[appOf(record.app), request.host.toLowerCase(), request.path_template, request.method, record.response.status],
    ...[record.action, record.would_action, record.mode, record.source, record.node.id, record.node.kind],
    ...[record.policy.ref, client.list, record.incident ? 1 : 0],
  ];
  const severity = Math.max(0, ...hits.map((hit) => hit.severity));
  return {
    id: record.id,
    at: Date.parse(record.ts),
    n: record.sampled.count_since_last,
    requestId: request.id === undefined ? null : plain(request.id),
    finding: dimension([hits.length, severity], marks),
    marks,
    kind: dimension(kind),
    look: lookOf(marks, request.host.toLowerCase(), request.path_template),
    // An address is one client, wherever a newer table of countries puts it.
    client: dimension([client.ip, ipKey(client.ip), client.country ?? "", client.asn ?? 0], null, 1),
    path: dimension([request.path]),
  };
}

/** The application's name, or its number; "" where the policy names none. */
function appOf({ name, id }: AttackRecord["app"]): string {
  return name ?? (id === 0 ? "" : String(id));
}

/** What tells something new from what was seen before: types and points at a host and path. */
export function lookOf(marks: readonly Mark[], host: string, path: string): string {
  const seen = marks.filter(([field]) => field === "type" || field === "point");
  return dimension([host, path], seen).key;
}

function marksOf({ hits }: AttackRecord): Mark[] {
  const marks = new Map<string, Mark>();
  const add = (field: MarkField, value: string | null | undefined): void => {
    if (value === null || value === undefined || value === "") return;
    const short = plain(value).slice(0, MARK_CHARS_MAX);
    marks.set(`${field} ${short}`, [field, short]);
  };
  for (const hit of hits) {
    add("type", hit.type);
    add("subtype", hit.subtype);
    add("point", hit.point_s);
    add("decision", hit.decision);
    add("exception", hit.exception);
    for (const stamp of hit.stamps) add("stamp", stamp);
    for (const cve of hit.cve) add("cve", cve.toUpperCase());
    for (const cwe of hit.cwe) add("cwe", cwe.toUpperCase());
  }
  return [...marks.values()].sort(([a, b], [c, d]) => (a === c ? compare(b, d) : compare(a, c)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param keyed columns that make the key, from the first on */
function dimension(columns: readonly Value[], more: unknown = null, keyed: number = columns.length): Dimension {
  const clean = columns.map((value) => (typeof value === "string" ? plain(value) : value));
  const key = hash("sha256", JSON.stringify([clean.slice(0, keyed), more]), "base64url");
  return { key: key.slice(0, 32), columns: clean };
}

/** PostgreSQL's text holds no NUL and only whole characters; the record itself keeps what was there. */
function plain(text: string): string {
  return text.replaceAll("\0", "\u{fffd}").toWellFormed();
}

/**
 * An address as text that sorts as addresses do: 32 hexadecimal digits, IPv4 mapped into IPv6.
 * @returns "" for what is no address
 */
export function ipKey(address: string): string {
  const known = ipKeys.get(address);
  if (known !== undefined) return known;
  const bits = parseAddress(address);
  const key = bits === undefined ? "" : ipKeyOf(bits);
  if (ipKeys.size >= IP_KEYS_MAX) ipKeys.clear();
  if (address.length <= IP_CHARS_MAX) ipKeys.set(address, key);
  return key;
}

/** See ipKey; of the address as 128 bits. */
export function ipKeyOf(bits: bigint): string {
  return bits.toString(16).padStart(32, "0");
}
