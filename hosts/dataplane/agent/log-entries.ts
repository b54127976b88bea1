/**
 * Messages of Envoy's access log service, of which only the filter's record and three numbers are wanted. They become
 * the lines that the same access log writes into a file.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto
 */
import { ProtobufReader } from "../../core/protobuf-reader.ts";

/** Where the filter keeps its record, as Envoy names it. */
export const RECORD_STATE = "wasm.merlon";
/** Entries of one message; Envoy sends some kilobytes at a time. */
const ENTRIES_MAX = 4096;

interface Entry {
  record: string;
  status: number;
  size: number;
  micros: number;
}

/**
 * @param bytes a StreamAccessLogsMessage
 * @returns a line of JSON for each entry that has a record; null where the bytes are no message
 */
export function readEntries(bytes: Buffer): string[] | null {
  const lines: string[] = [];
  const reader = new ProtobufReader(bytes, 0, bytes.length);
  let entries = 0;
  while (reader.next()) {
    // http_logs; what else there is, TCP logs and who sends them, has no records.
    if (reader.field !== 2 || !reader.isBytes) continue;
    const logs = reader.inner();
    while (logs.next()) {
      if (logs.field !== 1 || !logs.isBytes) continue;
      entries++;
      if (entries > ENTRIES_MAX) reader.fail();
      const line = lineOf(readEntry(logs.inner()));
      if (line !== null) lines.push(line);
    }
  }
  return reader.bad ? null : lines;
}

/** The line as `record-log.ts` of the connector has Envoy write it. */
function lineOf({ record, status, size, micros }: Entry): string | null {
  if (record === "") return null;
  const response = JSON.stringify({ status, size, time_ms: Math.floor(micros / 1000) });
  return `{"record":${record},"response":${response}}`;
}

function readEntry(reader: ProtobufReader): Entry {
  const entry = { record: "", status: 0, size: 0, micros: 0 };
  while (reader.next()) {
    if (!reader.isBytes) continue;
    if (reader.field === 1) readProperties(reader.inner(), entry);
    else if (reader.field === 4) readResponse(reader.inner(), entry);
  }
  return entry;
}

function readProperties(reader: ProtobufReader, entry: Entry): void {
  while (reader.next()) {
    if (!reader.isBytes) continue;
    if (reader.field === 21) readState(reader.inner(), entry);
    else if (reader.field === 23) entry.micros = readDuration(reader.inner());
  }
}

/** An entry of the map of filter state: a name and an `Any` with bytes. */
function readState(reader: ProtobufReader, entry: Entry): void {
  let name = "";
  let record = "";
  while (reader.next()) {
    if (!reader.isBytes) continue;
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) record = readAny(reader.inner());
  }
  if (name === RECORD_STATE) entry.record = record;
}

/** The bytes of a `BytesValue` in an `Any`. */
function readAny(reader: ProtobufReader): string {
  let text = "";
  while (reader.next()) {
    if (reader.field !== 2 || !reader.isBytes) continue;
    const value = reader.inner();
    while (value.next())
      if (value.field === 1 && value.isBytes) text = value.bytes.toString("utf8", value.from, value.to);
  }
  return text;
}

function readResponse(reader: ProtobufReader, entry: Entry): void {
  while (reader.next()) {
    if (reader.field === 1 && reader.isBytes) entry.status = readWrapped(reader.inner());
    else if (reader.field === 3) entry.size = reader.number;
  }
}

function readWrapped(reader: ProtobufReader): number {
  let value = 0;
  while (reader.next()) if (reader.field === 1) value = reader.number;
  return value;
}

/** @returns microseconds */
function readDuration(reader: ProtobufReader): number {
  let micros = 0;
  while (reader.next()) {
    if (reader.field === 1) micros += reader.number * 1_000_000;
    else if (reader.field === 2) micros += reader.number / 1000;
  }
  return micros;
}
