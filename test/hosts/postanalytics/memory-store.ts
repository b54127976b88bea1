/**
 * Stands in for the record store where a test is about something else: it keeps records in memory and searches for
 * `field == "value"` joined by `&&`, with the fields that tests use. The real store has its own tests.
 */
import { MerlonError } from "../../../hosts/core/error.ts";
import type { AttackedPlace, KnownEndpoint } from "../../../hosts/postanalytics/store/inventory-table.ts";
import type {
  AppendOutcome,
  Attack,
  GroupField,
  Label,
  Page,
  RecordStore,
  Search,
  Statistics,
  Window,
} from "../../../hosts/postanalytics/store/store.ts";
import type { Endpoint } from "../../../hosts/records/inventory/endpoint.ts";
import type { AttackRecord } from "../../../hosts/records/record.ts";

const FIELDS: Readonly<Record<string, (record: AttackRecord) => readonly string[]>> = {
  type: ({ hits }) => hits.map(({ type }) => type),
  ip: ({ client }) => [client.ip],
  host: ({ request }) => [request.host],
  path: ({ request }) => [request.path_template],
  app: ({ app }) => [app.name ?? ""],
  node: ({ node }) => [node.id],
  point: ({ hits }) => hits.map(({ point_s }) => point_s),
  stamp: ({ hits }) => hits.flatMap(({ stamps }) => stamps),
  country: ({ client }) => [client.country ?? ""],
  policy: ({ policy }) => [policy.ref],
};

/** The store. */
export class MemoryStore implements RecordStore {
  readonly #records = new Map<string, AttackRecord>();
  readonly #endpoints: Endpoint[] = [];
  readonly #listeners = new Set<(batch: readonly AttackRecord[]) => void>();

  async append(batch: readonly AttackRecord[]): Promise<AppendOutcome> {
    const fresh = batch.filter(({ id }) => !this.#records.has(id));
    for (const record of fresh) this.#records.set(record.id, record);
    for (const listener of this.#listeners) listener(fresh);
    return { stored: fresh.length, duplicates: batch.length - fresh.length };
  }

  async record(idOrRef: string, tenants: readonly string[] | null): Promise<AttackRecord | null> {
    const found = [...this.#records.values()].find(({ id, ref }) => id === idOrRef || ref === idOrRef);
    return found !== undefined && (tenants === null || tenants.includes(found.app.name ?? "")) ? found : null;
  }

  async records(search: Search, limit: number, cursor: string | null): Promise<Page<AttackRecord>> {
    const found = this.#find(search).filter(({ id }) => cursor === null || id < cursor);
    const items = found.slice(0, limit);
    return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  async attacks(search: Search, groupBy: readonly GroupField[]): Promise<Page<Attack>> {
    const groups = new Map<string, AttackRecord[]>();
    for (const record of this.#find(search)) {
      const key = groupBy.map((field) => FIELDS[field]?.(record)[0]).join(" ");
      groups.set(key, [...(groups.get(key) ?? []), record]);
    }
    const items = [...groups].flatMap(([id, [sample, ...rest]]) => {
      return sample === undefined ? [] : [attackOf(id, groupBy, sample, [sample, ...rest])];
    });
    return { items, next: null };
  }

  async count(search: Search): Promise<number> {
    return sum(this.#find(search));
  }

  async statistics(search: Search, buckets: number, top: readonly GroupField[]): Promise<Statistics> {
    const found = this.#find(search);
    const { from, to } = search.window;
    const blocked = found.filter(({ action }) => action === "blocked");
    const tops = top.map((field) => {
      const counts = new Map<string, number>();
      for (const record of found) {
        for (const value of FIELDS[field]?.(record) ?? []) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      return [field, [...counts].map(([value, count]) => ({ value, count }))] as const;
    });
    const clients = new Set(found.map(({ client }) => client.ip)).size;
    return {
      bucketMs: Math.ceil((to - from) / buckets),
      series: [{ at: from, records: sum(found), blocked: sum(blocked) }],
      totals: { records: sum(found), hits: found.flatMap(({ hits }) => hits).length, blocked: sum(blocked), clients },
      top: Object.fromEntries(tops),
    };
  }

  async label(id: string, { verdict, note }: Label): Promise<boolean> {
    const record = this.#records.get(id);
    if (record === undefined) return false;
    this.#records.set(id, { ...record, labels: { verdict, note } });
    return true;
  }

  listen(listener: (batch: readonly AttackRecord[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async appendEndpoints(batch: readonly Endpoint[]): Promise<void> {
    this.#endpoints.push(...batch);
  }

  async endpoints(tenants: readonly string[] | null): Promise<readonly KnownEndpoint[]> {
    return this.#endpoints.filter(({ app }) => tenants === null || tenants.includes(app ?? ""));
  }

  async attackedPlaces(tenants: readonly string[] | null, window: Window): Promise<readonly AttackedPlace[]> {
    return this.#find({ window, where: "", tenants }).map(({ app, request, sampled }) => ({
      ...{ app: app.name, host: request.host, method: request.method, path: request.path_template },
      records: sampled.count_since_last,
    }));
  }

  async prune(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  #find({ window, where, tenants }: Search): AttackRecord[] {
    const conditions = where.trim() === "" ? [] : where.split("&&").map(conditionOf);
    return [...this.#records.values()]
      .filter(({ ts, app }) => {
        const at = Date.parse(ts);
        return at >= window.from && at < window.to && (tenants === null || tenants.includes(app.name ?? ""));
      })
      .filter((record) => conditions.every((holds) => holds(record)))
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }
}

function conditionOf(text: string): (record: AttackRecord) => boolean {
  const [, field = "", value = ""] = /^\s*(\w+) == "([^"]*)"\s*$/.exec(text) ?? [];
  const read = FIELDS[field];
  if (read === undefined)
    throw new MerlonError("MERLON_SEARCH", `the stand-in cannot read ${text} — write type == "x"`);
  return (record) => read(record).includes(value);
}

function sum(records: readonly AttackRecord[]): number {
  return records.reduce((all, { sampled }) => all + sampled.count_since_last, 0);
}

function attackOf(id: string, groupBy: readonly GroupField[], sample: AttackRecord, all: AttackRecord[]): Attack {
  const times = all.map(({ ts }) => Date.parse(ts));
  return {
    id,
    key: Object.fromEntries(groupBy.map((field) => [field, FIELDS[field]?.(sample)[0] ?? ""])),
    types: [...new Set(all.flatMap(({ hits }) => hits.map(({ type }) => type)))],
    stamps: [...new Set(all.flatMap(({ hits }) => hits.flatMap(({ stamps }) => stamps)))],
    records: sum(all),
    hits: all.flatMap(({ hits }) => hits).length,
    blocked: all.filter(({ action }) => action === "blocked").length,
    incidents: all.filter(({ incident }) => incident).length,
    clients: new Set(all.map(({ client }) => client.ip)).size,
    severity: 5,
    firstSeen: Math.min(...times),
    lastSeen: Math.max(...times),
    isNew: false,
    falsePositives: all.filter(({ labels }) => labels?.verdict === "false_positive").length,
    sample,
  };
}
