/**
 * What postanalytics asks of a store of records, whatever database lies below. The segment log is the truth and what
 * answers these questions is a projection of it, which `merlon store rebuild` makes anew.
 */
import type { AttackRecord } from "../../records/record.ts";
import type { InventoryStore } from "./inventory-table.ts";

/** What became of a batch. A record that is neither is a defect: `stored + duplicates` is the batch's length. */
export interface AppendOutcome {
  readonly stored: number;
  /** Records whose id was there already. */
  readonly duplicates: number;
}

/** A stretch of time, milliseconds since 1970; `to` is not part of it. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** What to look for. */
export interface Search {
  readonly window: Window;
  /** In the search grammar, either form (docs/search.md); empty for everything. */
  readonly where: string;
  /** Applications that the asker may see; null for all. */
  readonly tenants: readonly string[] | null;
}

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next part begins, to be handed back as it is; null at the end. */
  readonly next: string | null;
}

/** What records are grouped by: up to four fields. */
export type GroupField = "type" | "ip" | "point" | "host" | "path" | "app" | "country" | "stamp" | "node" | "policy";
/** Orders of a list of attacks, each descending. */
export type AttackOrder = "last_seen" | "first_seen" | "count";

/** Records that belong together. Counts are exact: they include what sampling left out. */
export interface Attack {
  /** Stable while records are added to it. */
  readonly id: string;
  readonly key: Readonly<Partial<Record<GroupField, string>>>;
  readonly types: readonly string[];
  readonly stamps: readonly string[];
  readonly records: number;
  readonly hits: number;
  readonly blocked: number;
  readonly incidents: number;
  readonly clients: number;
  readonly severity: number;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Whether its kind (type, point, host, path) was never seen before this window. */
  readonly isNew: boolean;
  readonly falsePositives: number;
  /** One record to show. */
  readonly sample: AttackRecord;
}

/** Counts over time, and the largest values of some fields. */
export interface Statistics {
  /** Width of a bucket, milliseconds. */
  readonly bucketMs: number;
  readonly series: readonly { readonly at: number; readonly records: number; readonly blocked: number }[];
  readonly totals: {
    readonly records: number;
    readonly hits: number;
    readonly blocked: number;
    readonly clients: number;
  };
  readonly top: Readonly<Partial<Record<GroupField, readonly { readonly value: string; readonly count: number }[]>>>;
}

/** What an analyst says of a record. */
export interface Label {
  readonly verdict: "false_positive" | "true_attack" | null;
  readonly note: string | null;
}

/** A store. Methods reject with MERLON_STORE where the database fails, MERLON_SEARCH for what is no search. */
export interface RecordStore extends InventoryStore {
  /** Resolves when the records are on disk; only then may they be acknowledged. */
  append(batch: readonly AttackRecord[]): Promise<AppendOutcome>;
  /** By id or by reference. */
  record(idOrRef: string, tenants: readonly string[] | null): Promise<AttackRecord | null>;
  /** Newest first. @param limit 1 to 500 */
  records(search: Search, limit: number, cursor: string | null): Promise<Page<AttackRecord>>;
  /** @param limit 1 to 200 */
  attacks(
    search: Search,
    groupBy: readonly GroupField[],
    order: AttackOrder,
    limit: number,
    cursor: string | null,
  ): Promise<Page<Attack>>;
  /** Records that fit, exact, with what sampling left out. */
  count(search: Search): Promise<number>;
  /** @param buckets 1 to 400 */
  statistics(search: Search, buckets: number, top: readonly GroupField[]): Promise<Statistics>;
  /** @returns false where there is no such record */
  label(id: string, label: Label): Promise<boolean>;
  /** Tells of records once they are stored. @returns what ends it */
  listen(listener: (batch: readonly AttackRecord[]) => void): () => void;
  /** Removes what retention says; @returns records removed */
  prune(): Promise<number>;
  close(): Promise<void>;
}
