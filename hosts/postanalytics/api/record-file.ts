/**
 * Records as a file: CSV for people with spreadsheets, JSON lines for programs. Every cell of a CSV came from a client:
 * none begins a formula, none breaks a line.
 *
 * @see RFC 4180; OWASP, CSV Injection
 */
import type { AttackRecord } from "../../records/record.ts";
import type { RecordStore, Search } from "../store/store.ts";
import type { EXPORT_FORMATS } from "./schema.ts";

const PAGE_SIZE = 500;
/** What a spreadsheet takes for the beginning of a formula, in its wide forms too, and what it skips before one. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

type Column = readonly [title: string, value: (record: AttackRecord) => string | number];

const joined = (values: readonly string[]): string => [...new Set(values)].join(" ");

const COLUMNS: readonly Column[] = [
  ["time", ({ ts }) => ts],
  ["reference", ({ ref }) => ref],
  ["action", ({ action }) => action],
  ["would_action", ({ would_action }) => would_action],
  ["mode", ({ mode }) => mode],
  ["types", ({ hits }) => joined(hits.map(({ type }) => type))],
  ["stamps", ({ hits }) => joined(hits.flatMap(({ stamps }) => stamps))],
  ["severity", ({ hits }) => Math.max(0, ...hits.map(({ severity }) => severity))],
  ["points", ({ hits }) => joined(hits.map(({ point_s }) => point_s))],
  ["payload", ({ hits }) => hits[0]?.payload ?? ""],
  ["client", ({ client }) => client.ip],
  ["country", ({ client }) => client.country ?? ""],
  ["method", ({ request }) => request.method],
  ["host", ({ request }) => request.host],
  ["path", ({ request }) => request.path],
  ["query", ({ request }) => request.query],
  ["status", ({ response }) => response.status],
  ["application", ({ app }) => app.name ?? ""],
  ["node", ({ node }) => node.id],
  ["policy", ({ policy }) => policy.ref],
  ["incident", ({ incident }) => (incident ? "yes" : "no")],
  ["label", ({ labels }) => labels?.verdict ?? ""],
  ["count", ({ sampled }) => sampled.count_since_last],
  ["id", ({ id }) => id],
];

/** @returns a cell: quoted, on one line, and never a formula */
export function csvCell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const line = value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
  const safe = FORMULA.test(line) ? `'${line}` : line;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** @returns JSON with every character escaped that a terminal or an editor would act on; the same value when read */
export function escapedJson(json: string): string {
  return json.replace(/[\p{Cf}\u007f-\u009f\u2028\u2029]/gu, (char) => {
    return Array.from({ length: char.length }, (_, at) => hexEscape(char.charCodeAt(at))).join("");
  });
}

function hexEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** @returns one record on one line, without its line break */
export function recordLine(record: AttackRecord, format: (typeof EXPORT_FORMATS)[number]): string {
  if (format === "csv") return COLUMNS.map(([, value]) => csvCell(value(record))).join(",");
  return escapedJson(JSON.stringify(record));
}

/** Lines of the file, newest record first; the last says where it was cut, if it was. */
async function* linesOf(
  store: Pick<RecordStore, "records">,
  search: Search,
  format: (typeof EXPORT_FORMATS)[number],
  most: number,
): AsyncGenerator<string> {
  if (format === "csv") yield `${COLUMNS.map(([title]) => title).join(",")}\r\n`;
  const end = format === "csv" ? "\r\n" : "\n";
  let left = most;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<RecordStore["records"]>> = await store.records(
      search,
      Math.min(PAGE_SIZE, left),
      cursor,
    );
    if (page.items.length > 0) yield page.items.map((record) => recordLine(record, format) + end).join("");
    left -= page.items.length;
    cursor = page.items.length === 0 ? null : page.next;
  } while (cursor !== null && left > 0);
  if (cursor === null) return;
  const note = `cut after ${most} records`;
  yield format === "csv" ? `${csvCell(note)}${end}` : `${JSON.stringify({ note })}${end}`;
}

/** @returns the file as a download that is read from the store as fast as it is taken */
export function recordFile(
  store: Pick<RecordStore, "records">,
  search: Search,
  format: (typeof EXPORT_FORMATS)[number],
  most: number,
): Response {
  const lines = linesOf(store, search, format, most);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await lines.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: async () => {
        await lines.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  const day = new Date(search.window.to).toISOString().slice(0, 10);
  const type = format === "csv" ? "text/csv; charset=utf-8" : "application/jsonl";
  const headers = {
    "content-type": type,
    "content-disposition": `attachment; filename="merlon-records-${day}.${format}"`,
    "cache-control": "no-store",
  };
  return new Response(body, { headers });
}
