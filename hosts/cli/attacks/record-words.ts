/** Attacks and records for a terminal: lines of a list, and one record explained. Every text is escaped. */
import { escapedJson } from "../../postanalytics/api/record-file.ts";
import type { Attack } from "../../postanalytics/store/store.ts";
import type { AttackRecord, Hit } from "../../records/record.ts";
import { type Column, count, layOut, showBytes, showWord } from "../text.ts";

const PATH_CHARS_MAX = 60;
const PAYLOAD_CHARS_MAX = 120;

const ATTACK_COLUMNS: readonly Column[] = [
  ...["last seen", "types"].map((title) => ({ title })),
  ...["records", "blocked", "clients"].map((title) => ({ title, right: true })),
  ...["group", "reference"].map((title) => ({ title })),
];

const RECORD_COLUMNS: readonly Column[] = ["time", "types", "outcome", "client", "request", "point", "reference"].map(
  (title) => ({ title }),
);

/** Text of a record on one line: what is no printable ASCII by its bytes. */
function shown(text: string, charsMax: number): string {
  return showBytes(Buffer.from(text), charsMax);
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace("T", " ").slice(0, 19);
}

/** @returns attacks as a table */
export function attackTable(items: readonly Pick<Attack, Exclude<keyof Attack, "sample"> | "sample">[]): string {
  const rows = items.map((one) => [
    timeText(one.lastSeen),
    shown(one.types.join(","), 40),
    ...[count(one.records), count(one.blocked), count(one.clients)],
    shown(Object.values(one.key).join("  "), 100),
    shown(one.sample.ref, 16),
  ]);
  return rows.length === 0 ? "no attacks\n" : layOut(ATTACK_COLUMNS, rows);
}

/** @returns the cells of a record in a list */
export function recordRow(record: AttackRecord): string[] {
  const { request, hits } = record;
  return [
    timeText(Date.parse(record.ts)),
    shown([...new Set(hits.map(({ type }) => type))].join(","), 40),
    outcomeOf(record),
    shown(record.client.ip, 45),
    `${shown(request.method, 16)} ${shown(`${request.host}${request.path}`, PATH_CHARS_MAX)}`,
    shown(hits[0]?.point_s ?? "", 48),
    shown(record.ref, 16),
  ];
}

/** @returns records as a table */
export function recordTable(items: readonly AttackRecord[]): string {
  return items.length === 0 ? "no records\n" : layOut(RECORD_COLUMNS, items.map(recordRow));
}

function outcomeOf({ action, would_action: would }: AttackRecord): string {
  if (action === "blocked") return "blocked";
  if (action === "partially_blocked") return "cut off";
  if (action === "passed_fail_open") return "not inspected";
  return would === "block" ? "would block" : "noticed";
}

function hitLines(hit: Hit): string[] {
  const chain = hit.layers.map(({ as, span: [from, to] }) => `${showWord(as)} ${from}–${to}`).join(" → ");
  const known = [...hit.cwe, ...hit.cve].map(showWord).join(" ");
  const exception = hit.exception === null ? "" : `, let pass by exception ${showWord(hit.exception)}`;
  return [
    `because   ${showWord(hit.type)} (${hit.stamps.map(showWord).join(" ")}) in ${shown(hit.point_s, 200)}`,
    `          ${showWord(hit.reason)} ${known}`.trimEnd(),
    `          severity ${hit.severity}, ${hit.decision.replaceAll("_", " ")}${exception}`,
    `matched   ${shown(hit.payload, PAYLOAD_CHARS_MAX)}`,
    `decoded   ${chain}`,
  ];
}

/** @returns one record in words: what happened, why, and what can be done about it */
export function recordWords(record: AttackRecord): string {
  const { request, policy, app, node, sampled, labels, limits } = record;
  const target = `${shown(request.method, 16)} ${shown(request.path, 200)}`;
  const query = request.query === "" ? "" : `?${shown(request.query, 200)}`;
  const marks = [
    record.incident ? "incident  the response showed what it should not" : "",
    record.masked.length === 0 ? "" : `hidden    ${record.masked.map((one) => shown(one, 100)).join(" ")}`,
    limits.reached.length === 0 ? "" : `limits    ${limits.reached.map(showWord).join(" ")}`,
    labels?.verdict == null ? "" : `label     ${labels.verdict.replaceAll("_", " ")}`,
    sampled.count_since_last > 1 ? `stands    for ${count(sampled.count_since_last)} requests alike` : "",
  ];
  const lines = [
    `${outcomeOf(record).padEnd(9)} ${target}${query}`,
    `when      ${timeText(Date.parse(record.ts))} UTC, status ${record.response.status}`,
    `reference ${shown(record.ref, 16)}`,
    `where     ${shown(request.host, 253)}, application ${showWord(app.name ?? "none")}, node ${showWord(node.id)}`,
    `client    ${shown(record.client.ip, 45)}${record.client.list === "none" ? "" : `, on list ${record.client.list}`}`,
    `policy    ${showWord(policy.ref)}, generation ${policy.generation}, mode ${record.mode}`,
    ...record.hits.flatMap(hitLines),
    ...marks.filter((line) => line !== ""),
    "your options",
    "  1 keep    it is an attack: nothing is to be done",
    "  2 except  it is none: open this reference in the console and press f, or write an exception (docs/policy.md)",
  ];
  return `${lines.join("\n")}\n`;
}

/** @returns a value as JSON that no terminal acts on */
export function terminalJson(value: unknown, indent = 0): string {
  return escapedJson(JSON.stringify(value, null, indent));
}
