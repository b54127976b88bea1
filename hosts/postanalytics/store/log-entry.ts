/**
 * What an entry of the log says: that a record came, or what somebody said of one. The id stands in front, so that ids
 * are read without reading the records.
 *
 *     kind (1 byte: R or L), id (26 characters), JSON
 */
import { ULID_LENGTH } from "../../core/ulid.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { Label } from "./store.ts";

const RECORD = 0x52;
const LABEL = 0x4c;
const JSON_AT = 1 + ULID_LENGTH;

/** A label as the log keeps it; of two, the later one counts. */
export interface LoggedLabel extends Label {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** An entry, read. */
export type LogEntry =
  | { readonly kind: "record"; readonly id: string; readonly json: string }
  | { readonly kind: "label"; readonly id: string; readonly json: string };

/** An entry for a record. */
export function recordEntry(record: AttackRecord): Buffer {
  return Buffer.from(`R${record.id}${JSON.stringify(record)}`);
}

/** An entry for a label. */
export function labelEntry(id: string, label: LoggedLabel): Buffer {
  return Buffer.from(`L${id}${JSON.stringify(label)}`);
}

/** The id that an entry is about. */
export function idOfEntry(bytes: Buffer): string {
  return bytes.toString("latin1", 1, JSON_AT);
}

/** @returns the entry, or null for a kind that a later version wrote */
export function readEntry(bytes: Buffer): LogEntry | null {
  const kind = bytes[0] === RECORD ? "record" : bytes[0] === LABEL ? "label" : null;
  return kind === null ? null : { kind, id: idOfEntry(bytes), json: bytes.toString("utf8", JSON_AT) };
}
