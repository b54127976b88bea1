/** What is asked of the threads that look through blocks, and what they answer; plain values, since they are sent. */
import type { DimensionColumn } from "../../search/predicate.ts";
import type { Group, GroupPlan } from "../group-aggregate.ts";
import type { Finding } from "../kinds.ts";
import type { GroupField, Statistics } from "../store.ts";
import type { Columns } from "./block.ts";

/** A condition on the numbers of a row. */
export type Filter =
  | { readonly kind: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly kind: "not"; readonly part: Filter }
  | { readonly kind: "dimension"; readonly column: DimensionColumn; readonly ids: Int32Array }
  | {
      readonly kind: "number";
      readonly column: "at" | "n";
      readonly sign: string;
      readonly values: readonly number[];
    };

/** A block as threads know it. */
export interface HeldBlock {
  readonly id: number;
  readonly first: number;
  readonly last: number;
  readonly columns: Columns;
}

/** A row of a small table, as far as groups are made of it. */
export type FindingEntry = Omit<Finding, "severity">;
/** See FindingEntry. */
export interface KindEntry {
  readonly id: number;
  readonly app: string;
  readonly host: string;
  readonly path: string;
  readonly node: string;
  readonly policy: string;
  readonly blocked: boolean;
  readonly incident: boolean;
}
/** See FindingEntry. */
export interface ClientEntry {
  readonly id: number;
  readonly country: string;
}

/** Rows of the small tables. */
export interface Entries {
  readonly findings: readonly FindingEntry[];
  readonly kinds: readonly KindEntry[];
  readonly clients: readonly ClientEntry[];
}

/** How many rows of the small tables the blocks name: one more than their largest numbers. */
export type Sizes = Readonly<Record<DimensionColumn, number>>;

/** Which records: those of some blocks in a stretch of time that pass. */
export interface Scope {
  /** Ids of blocks, those with the newest records first. */
  readonly blocks: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly filter: Filter;
}

/** Counts over time and the largest values of fields. */
export interface TallyQuestion {
  readonly about: "tally";
  readonly bucketMs: number;
  readonly buckets: number;
  readonly top: readonly GroupField[];
  /** Values of each field. */
  readonly values: number;
}
/** See TallyQuestion; clients are told by their ids. */
export interface TallyAnswer {
  readonly series: readonly (readonly [records: number, blocked: number])[];
  readonly totals: Statistics["totals"];
  readonly top: Readonly<Partial<Record<GroupField, readonly (readonly [value: string, count: number])[]>>>;
}

/** The newest records, by their numbers. */
export interface NewestQuestion {
  readonly about: "newest";
  readonly limit: number;
  /** Only records up to this moment; null for all. */
  readonly before: number | null;
}
/** Numbers of a record: at, finding, kind, client, path, n. */
export type RowNumbers = readonly [number, number, number, number, number, number];

/** Groups of records. */
export interface GroupQuestion extends Pick<GroupPlan, "gapMs" | "order" | "limit" | "after"> {
  readonly about: "groups";
  readonly fields: readonly GroupField[];
}
/** A group with what it is called. */
export interface NamedGroup {
  readonly group: Group;
  readonly findingValues: readonly string[];
  readonly kindValues: readonly string[];
  readonly tie: string;
}

/** How many records. */
export interface CountQuestion {
  readonly about: "count";
}

/** A question with its answer. */
export type Question = TallyQuestion | NewestQuestion | GroupQuestion | CountQuestion;
/** The answer to each sort of question. */
export interface Answers {
  readonly tally: TallyAnswer;
  readonly newest: readonly RowNumbers[];
  readonly groups: readonly NamedGroup[];
  readonly count: number;
}

/** What a thread answers that holds some of the blocks no more. */
export const GONE = "gone";

/** What a thread is told. Questions are answered in their order. */
export type Told =
  | { readonly tell: "decode"; readonly number: number; readonly blocks: readonly { id: number; bytes: Uint8Array }[] }
  | { readonly tell: "hold"; readonly blocks: readonly HeldBlock[]; readonly entries: Entries }
  | { readonly tell: "drop"; readonly ids: readonly number[] }
  | { readonly tell: "forget" }
  | {
      readonly tell: "ask";
      readonly number: number;
      readonly scope: Scope;
      readonly question: Question;
      readonly sizes: Sizes;
    };
