/**
 * Records as JSON of a bounded size. Escapes can make any text longer than its bound, so the size is looked at when
 * the JSON is there, and what helps least is left out first.
 */
import { type AttackRecord, type Hit, RECORD_BYTES_MAX } from "./record.ts";

/** Room for the number, which the spool writes. */
const NUMBER_BYTES = 32;
const HITS_KEPT = 8;
const FIELDS_KEPT = 16;
const TEXT_KEPT = 160;

function cut(text: string): string {
  return text.length > TEXT_KEPT ? `${text.slice(0, TEXT_KEPT).replace(/[\ud800-\udbff]$/, "")}…` : text;
}

function outerLayers(hit: Hit): Hit {
  return { ...hit, layers: hit.layers.filter((_, at) => at === 0 || at === hit.layers.length - 1) };
}

/** What is left out, one after another, until it fits. */
const STEPS: readonly ((record: AttackRecord) => AttackRecord)[] = [
  (record) => ({
    ...record,
    request: {
      ...record.request,
      headers: record.request.headers.slice(0, FIELDS_KEPT).map(([name, value]) => [cut(name), cut(value)]),
    },
  }),
  (record) => ({ ...record, hits: record.hits.map(outerLayers) }),
  (record) => ({ ...record, hits: record.hits.slice(0, HITS_KEPT), masked: record.masked.slice(0, HITS_KEPT) }),
  (record) => ({ ...record, request: { ...record.request, query: cut(record.request.query), headers: [] } }),
  slimRecord,
  (record) => ({ ...record, hits: record.hits.slice(0, 1), masked: [] }),
];

/** @returns the head of a record: who, what, where and which findings, without what the request held */
export function slimRecord(record: AttackRecord): AttackRecord {
  const { body, ...request } = record.request;
  const sizes = { size: body?.size ?? 0, inspected: body?.inspected ?? 0 };
  const hits = record.hits.map((hit) => ({
    ...hit,
    layers: [],
    reason: "",
    payload: "",
    point: hit.point.map(cut),
    point_s: cut(hit.point_s),
  }));
  const bare = {
    ...request,
    query: "",
    headers: [],
    path: cut(request.path),
    path_template: cut(request.path_template),
  };
  return {
    ...record,
    hits,
    masked: [],
    request: body === undefined ? bare : { ...bare, body: { ...sizes, truncated: true } },
    sampled: { ...record.sampled, kept: false },
  };
}

/**
 * @returns the record's JSON without its number, at most RECORD_BYTES_MAX with it
 * @throws RangeError where nothing that may be left out helps, which no record of ours needs
 */
export function recordText(record: AttackRecord): string {
  let next = record;
  for (const step of [null, ...STEPS]) {
    if (step !== null) next = step(next);
    const { seq: _seq, ...unnumbered } = next;
    const text = JSON.stringify(unnumbered);
    if (Buffer.byteLength(text) <= RECORD_BYTES_MAX - NUMBER_BYTES) return text;
  }
  throw new RangeError("a record does not fit its bound");
}

/** @returns the JSON of a record, with its number */
export function numberedText(text: string, seq: number): string {
  return `{"seq":${seq},${text.slice(1)}`;
}
