/** A line of the list: a group of records, or a record on its own, in one shape. */
import type { Answer } from "../../postanalytics/api/routes.ts";
import type { GroupField } from "../../postanalytics/store/store.ts";
import type { AttackRecord } from "../record/record.ts";
import { allOf, clickedField, condition } from "./conditions.ts";

/** A group as the API tells it. */
export type Attack = Answer<"attacks">["items"][number];

/** What one line of the list says. */
export interface Line {
  readonly id: string;
  /** When it was last seen, milliseconds since 1970. */
  readonly at: number;
  readonly firstSeen: number;
  readonly types: readonly string[];
  readonly severity: number;
  /** Exact, with what sampling left out. */
  readonly records: number;
  readonly blocked: number;
  readonly clients: number;
  readonly incidents: number;
  readonly isNew: boolean;
  /** Whether an analyst called all of it a false positive, or its record a true attack. */
  readonly label: "false_positive" | "true_attack" | null;
  /** What its records have in common; empty for a record on its own. */
  readonly key: Readonly<Partial<Record<GroupField, string>>>;
  readonly isGroup: boolean;
  /** The record that is shown for it. */
  readonly record: AttackRecord;
}

/** Worst first: the order in which a record's types are named. */
export function typesOf({ hits }: AttackRecord): string[] {
  const ordered = hits.toSorted((a, b) => b.severity - a.severity);
  return [...new Set(ordered.map(({ type }) => type))];
}

/** The hit that says most about a record: one that counts before one that does not, then the most severe. */
export function chiefHit({ hits }: AttackRecord) {
  const weight = (decision: string, severity: number): number => (decision === "would_block" ? 10 : 0) + severity;
  return hits.toSorted((a, b) => weight(b.decision, b.severity) - weight(a.decision, a.severity))[0];
}

/** A group as a line. */
export function lineOfAttack(attack: Attack): Line {
  const { sample, records } = attack;
  return {
    id: attack.id,
    at: attack.lastSeen,
    firstSeen: attack.firstSeen,
    types: attack.types,
    severity: attack.severity,
    records,
    blocked: attack.blocked,
    clients: attack.clients,
    incidents: attack.incidents,
    isNew: attack.isNew,
    label: records > 0 && attack.falsePositives >= records ? "false_positive" : (sample.labels?.verdict ?? null),
    key: attack.key,
    isGroup: true,
    record: sample,
  };
}

/** A record as a line of its own. */
export function lineOfRecord(record: AttackRecord): Line {
  const at = Date.parse(record.ts);
  const records = record.sampled.count_since_last;
  return {
    id: record.id,
    at,
    firstSeen: at,
    types: typesOf(record),
    severity: Math.max(0, ...record.hits.map(({ severity }) => severity)),
    records,
    blocked: record.action === "blocked" ? records : 0,
    clients: 1,
    incidents: record.incident ? 1 : 0,
    isNew: false,
    label: record.labels?.verdict ?? null,
    key: {},
    isGroup: false,
    record,
  };
}

/** What became of the records of a line, in one of four words. */
export function outcomeOf({ record, records, blocked, isGroup }: Line): "blocked" | "partly" | "watched" | "failed" {
  if (!isGroup && record.action === "passed_fail_open") return "failed";
  if (!isGroup && record.action === "partially_blocked") return "partly";
  if (blocked === 0) return "watched";
  return blocked >= records ? "blocked" : "partly";
}

/** The search that finds the records of a group. */
export function searchOfGroup({ key }: Line): string {
  return allOf(
    Object.entries(key).flatMap(([field, value]) =>
      isGroupField(field) ? [condition(clickedField(field), value)] : [],
    ),
  );
}

/** Fields that lines may be grouped by, in the order in which they are offered. */
export const GROUPINGS = [
  ...["type", "ip", "point", "host", "path", "app", "country", "stamp", "node", "policy"],
] as const satisfies readonly GroupField[];
/** Fields of a group at most. */
export const GROUPINGS_MAX = 4;
/** In the address, for records that are not grouped. */
export const NO_GROUPING = "none";
/** How lines are grouped where the address says nothing. */
export const GROUPING_DEFAULT = "type,point,host,path";

function isGroupField(name: string): name is GroupField {
  return GROUPINGS.some((field) => field === name);
}

/** Reads a grouping from the address: known fields, each once, four at most. @returns none for records */
export function readGrouping(text: string): GroupField[] {
  if (text === NO_GROUPING) return [];
  const fields = [...new Set(text.split(",").filter(isGroupField))].slice(0, GROUPINGS_MAX);
  return fields.length > 0 ? fields : readGrouping(GROUPING_DEFAULT);
}
