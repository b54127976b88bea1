/**
 * What an entry of the log says: that a record came, what somebody said of one, or what a node learned of an endpoint.
 * The id stands in front, so that ids are read without reading the records.
 *
 *     kind (1 byte: R, L or E), id (26 characters), JSON
 */
import { ULID_LENGTH } from "../../core/ulid.ts";
import type { Endpoint } from "../../records/inventory/endpoint.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { Label } from "./store.ts";

const RECORD = 0x52;
const LABEL = 0x4c;
const ENDPOINT = 0x45;
const JSON_AT = 1 + ULID_LENGTH;

const KINDS: ReadonlyMap<number, LogEntry["kind"]> = new Map([
  [RECORD, "record"],
  [LABEL, "label"],
  [ENDPOINT, "endpoint"],
]);

/** A label as the log keeps it; of two, the later one counts. */
export interface LoggedLabel extends Label {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** An entry, read. */
export type LogEntry =
  | { readonly kind: "record"; readonly id: string; readonly json: string }
  | { readonly kind: "label"; readonly id: string; readonly json: string }
  | { readonly kind: "endpoint"; readonly id: string; readonly json: string };

/** An entry for a record. */
export function recordEntry(record: AttackRecord): Buffer {
  return Buffer.from(`R${record.id}${JSON.stringify(record)}`);
}

/** An entry for a label. */
export function labelEntry(id: string, label: LoggedLabel): Buffer {
  return Buffer.from(`L${id}${JSON.stringify(label)}`);
}

/** An entry for what a node learned; of several with one id, the one with most calls counts. */
export function endpointEntry(line: Endpoint): Buffer {
  return Buffer.from(`E${line.id}${JSON.stringify(line)}`);
}

/** The id that an entry is about. */
export function idOfEntry(bytes: Buffer): string {
  return bytes.toString("latin1", 1, JSON_AT);
}

/** @returns the entry, or null for a kind that a later version wrote */
export function readEntry(bytes: Buffer): LogEntry | null {
  const kind = KINDS.get(bytes[0] ?? 0);
  return kind === undefined ? null : { kind, id: idOfEntry(bytes), json: bytes.toString("utf8", JSON_AT) };
}
