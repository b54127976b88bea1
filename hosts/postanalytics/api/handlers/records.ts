/** Records: lists, one of them, counts, files, labels, and the live stream. */

import { refusalOf } from "../../access/identity.ts";
import type { ApiParts, Handlers } from "../context.ts";
import { identify } from "../guard.ts";
import { OPERATIONS } from "../operations.ts";
import { Problem } from "../problem.ts";
import { recordFile } from "../record-file.ts";
import { previewSearch, searchOf, windowOf } from "../search-window.ts";

type RecordHandlers = Pick<
  Handlers,
  | ("attacks" | "records" | "countRecords" | "exportRecords" | "record" | "labelRecord" | "checkSearch")
  | ("statistics" | "live" | "applications")
>;

const DAY_MS = 86_400_000;
const APPLICATION_DAYS = 30;
const ID = /^[0-7][0-9A-HJKMNP-TV-Z]{15}(?:[0-9A-HJKMNP-TV-Z]{10})?$/;

/** @returns an id or reference in its one form; @throws Problem INVALID */
export function idOf(written: string): string {
  // People read references out loud: Crockford's base 32 forgives case and look-alikes.
  const id = written.toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
  if (ID.test(id)) return id;
  throw new Problem(
    "INVALID",
    "path.id is no id of a record — write 16 or 26 characters, as the block page shows them",
    {
      field: "path.id",
    },
  );
}

/** The handlers. */
export function recordHandlers(parts: ApiParts): RecordHandlers {
  return { ...oneByOne(parts), ...altogether(parts) };
}

function oneByOne(parts: ApiParts): Omit<RecordHandlers, keyof ReturnType<typeof altogether>> {
  const { store, now } = parts;
  return {
    async attacks({ query, who }) {
      const { groupBy, order, limit, cursor } = query;
      const search = searchOf(query, who, now());
      const page = await store.attacks(search, groupBy.length === 0 ? ["type"] : groupBy, order, limit, cursor ?? null);
      return {
        items: page.items.map((one) => ({ ...one, types: [...one.types], stamps: [...one.stamps] })),
        next: page.next,
      };
    },

    async records({ query, who }) {
      const page = await store.records(searchOf(query, who, now()), query.limit, query.cursor ?? null);
      return { items: [...page.items], next: page.next };
    },

    async countRecords({ query, who }) {
      return { count: await store.count(searchOf(query, who, now())) };
    },

    async exportRecords({ query, who, note }) {
      const search = searchOf(query, who, now());
      // A search that cannot be read is an error now and not in the middle of a file.
      await store.records(search, 1, null);
      note({ object: `${query.format}, at most ${query.most}${query.where === "" ? "" : `: ${query.where}`}` });
      return recordFile(store, search, query.format, query.most);
    },

    async record({ path, who }) {
      const record = await store.record(idOf(path.id), who.tenants);
      if (record !== null) return record;
      throw new Problem("NOT_FOUND", "there is no such record, or it is not yours to see — check the reference");
    },

    async labelRecord({ path, body, who, note }) {
      const record = await store.record(idOf(path.id), who.tenants);
      const { verdict, note: words } = body;
      if (record === null || !(await store.label(record.id, { verdict, note: words }))) {
        throw new Problem("NOT_FOUND", "there is no such record, or it is not yours to see — check the reference");
      }
      const before =
        record.labels === undefined ? undefined : { verdict: record.labels.verdict, note: record.labels.note };
      note({ object: record.ref, before, after: { verdict, note: words } });
      return { done: true };
    },

    async checkSearch({ query }) {
      return parts.checkSearch(query.where);
    },
  };
}

function altogether(parts: ApiParts): Pick<Handlers, "statistics" | "live" | "applications"> {
  const { store, now } = parts;
  return {
    async statistics({ query, who }) {
      const found = await store.statistics(searchOf(query, who, now()), query.buckets, query.top);
      const top = Object.fromEntries(Object.entries(found.top).map(([field, values]) => [field, [...values]]));
      return { ...found, series: [...found.series], top };
    },

    async live({ who, request, secure }) {
      const isAllowed = async (): Promise<boolean> => {
        const again = await identify(parts, request, secure);
        return refusalOf(OPERATIONS.live, again?.who ?? null) === null && again?.who.name === who.name;
      };
      return parts.live.open({ name: who.name, tenants: who.tenants, isAllowed });
    },

    async applications({ who }) {
      const window = windowOf({ from: now() - APPLICATION_DAYS * DAY_MS, to: now() + 1 }, now());
      const { top } = await store.statistics(previewSearch(window, who), 1, ["app"]);
      return { items: (top.app ?? []).map(({ value, count }) => ({ name: value, records: count })) };
    },
  };
}
