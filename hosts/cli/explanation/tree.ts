/** An explanation for people: what was decided, why, layer by layer with the span marked, and what was looked at. */
import type { TraceEntry } from "../../core/trace.ts";
import type { Layer, Match, Verdict } from "../../core/verdict.ts";
import { showByte, showBytes } from "../text.ts";
import type { Inspected } from "./explanation.ts";

/** Characters of a shown excerpt: with its indent it fits a wide terminal. */
const EXCERPT_CHARS_MAX = 96;
/** Characters shown before a marked span. */
const LEAD_CHARS = 32;
const BEGIN_CHARS_MAX = 56;
const POINT_CHARS_MAX = 200;

/** An excerpt on one line, and a line that marks a part of it. */
export interface Marked {
  readonly text: string;
  readonly carets: string;
}

/**
 * Shows an excerpt with carets below a span.
 * @param from offset in the layer of the excerpt's first byte
 * @param span in the same offsets; what is outside the excerpt cannot be marked
 */
export function markSpan(excerpt: Uint8Array, from: number, [start, end]: readonly [number, number]): Marked {
  const cells = [...excerpt].map(showByte);
  const first = Math.min(Math.max(start - from, 0), cells.length);
  const last = Math.min(Math.max(end - from, first), cells.length);
  let begin = first;
  for (let width = 0; begin > 0; begin--) {
    width += cells[begin - 1]?.length ?? 0;
    if (width > LEAD_CHARS) break;
  }
  let text = begin > 0 || from > 0 ? "…" : "";
  let carets = " ".repeat(text.length);
  let at = begin;
  for (; at < cells.length; at++) {
    const cell = cells[at] ?? "";
    if (text.length + cell.length > EXCERPT_CHARS_MAX) break;
    text += cell;
    carets += (at >= first && at < last ? "^" : " ").repeat(cell.length);
  }
  if (at < cells.length) {
    carets += at < last ? "^" : "";
    text += "…";
  }
  return { text, carets: carets.trimEnd() };
}

/** The whole explanation. */
export function explainInWords(inspected: Inspected, policy: string, notes: readonly string[]): string {
  const { verdict, trace } = inspected;
  const layers = trace.entries.length + trace.dropped;
  return [
    `${decision(verdict)}\n  ${inspected.request}\n`,
    `  policy ${policy}, mode ${verdict.mode}${verdict.clientIp === "" ? "" : `, client ${verdict.clientIp}`}`,
    `, ${inspected.bytes} bytes, ${verdict.inspectedBytes} of its body inspected\n`,
    ...notes.map((note) => `  note: ${note}\n`),
    ...remarks(verdict).map((remark) => `  ${remark}\n`),
    verdict.matches.length === 0 ? "" : "\nbecause\n",
    ...verdict.matches.map(matchText),
    verdict.matchesDropped === 0 ? "" : `\n  and ${verdict.matchesDropped} more matches\n`,
    layers === 0 ? "\nnothing was looked at\n" : `\nlooked at, ${layers} ${layers === 1 ? "reading" : "readings"}\n`,
    ...values(trace.entries).map(valueText),
    trace.dropped === 0 ? "" : `\n  and ${trace.dropped} more\n`,
  ].join("");
}

function decision({ action, wouldAction, matches, failed, mode }: Verdict): string {
  if (failed) return `not inspected — the core gave no answer, and policy says ${action}`;
  if (action === "block") return "blocked";
  if (wouldAction === "block") return `passes in mode ${mode} — mode block would stop it`;
  if (matches.length > 0) return "passes — what was found does not block under this policy";
  return mode === "off" ? "passes — nobody looks in mode off" : "passes";
}

function remarks({ limits, anomalies, mode, wouldAction }: Verdict): string[] {
  return [
    limits.length === 0 ? "" : `limits reached: ${limits.join(", ")} — something was not looked at in full`,
    anomalies.length === 0 ? "" : `servers would read this in different ways: ${anomalies.join(", ")}`,
    wouldAction === "block" && mode !== "off" ? "the core stops looking where a block is decided" : "",
  ].filter((remark) => remark !== "");
}

function matchText({ type, stamp, cwe, severity, point, reason, counts, exception, layers }: Match): string {
  const numbers = cwe.map((number) => `  ${number.startsWith("CWE-") ? number : `CWE-${number}`}`).join("");
  const width = Math.max(...layers.map(({ as }) => as.length));
  return [
    `\n  ${type}  ${stamp}  severity ${severity}${numbers}\n`,
    `  in ${point.slice(0, POINT_CHARS_MAX)}\n`,
    reason === "" ? "" : `  ${reason}\n`,
    counts
      ? ""
      : `  does not count${exception === 0 ? "" : `: the policy's exception number ${exception} lets it pass`}\n`,
    ...layers.map((layer) => layerText(layer, width)),
  ].join("");
}

function layerText({ as, span, excerpt, excerptAt }: Layer, width: number): string {
  const { text, carets } = markSpan(excerpt, excerptAt, span);
  const mark = carets === "" ? "" : `    ${" ".repeat(width)}  ${carets}\n`;
  return `    ${as.padEnd(width)}  ${text}\n${mark}`;
}

/** Entries of one value follow each other; another value may have the same name. */
function values(entries: readonly TraceEntry[]): TraceEntry[][] {
  const groups: TraceEntry[][] = [];
  let before: TraceEntry | undefined;
  for (const entry of entries) {
    const same = before !== undefined && before.point === entry.point && before.place === entry.place;
    const deeper = same && entry.decoders.length > (before?.decoders.length ?? 0) && before?.offset === entry.offset;
    if (deeper) groups.at(-1)?.push(entry);
    else groups.push([entry]);
    before = entry;
  }
  return groups;
}

function valueText(entries: readonly TraceEntry[]): string {
  const [first] = entries;
  if (first === undefined) return "";
  const window = first.offset === 0 ? "" : `, from byte ${first.offset}`;
  const name = `${first.point.slice(0, POINT_CHARS_MAX)} (${first.place.replaceAll("_", " ")}${window})`;
  return `\n  ${name}\n${entries.map(entryText).join("")}`;
}

function entryText({ decoders, size, excerpt, words, lexers, found }: TraceEntry): string {
  const begin = showBytes(excerpt, BEGIN_CHARS_MAX);
  const shown = begin.endsWith("…") || size <= excerpt.length ? begin : `${begin}…`;
  const facts = [
    `${size} ${size === 1 ? "byte" : "bytes"}`,
    words === 0 ? "" : `${words} known ${words === 1 ? "word" : "words"}`,
    lexers.length === 0 ? "" : `lexers ${lexers.join(", ")}`,
    found === 0 ? "" : `${found} ${found === 1 ? "match" : "matches"}`,
  ].filter((fact) => fact !== "");
  return `    ${decoders.join(" > ")}  ${shown}\n      ${facts.join(" · ")}\n`;
}
