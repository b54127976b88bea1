/** The inventory of interfaces: the list, one endpoint, and the OpenAPI document of a host. */
import type { Identity } from "../../access/identity.ts";
import { type ListedEndpoint, listEndpoints } from "../../inventory/endpoint-list.ts";
import { openApiOf } from "../../inventory/openapi-export.ts";
import { patternOfGlob, regexOf, STARS_MAX } from "../../search/pattern.ts";
import type { Window } from "../../store/store.ts";
import type { ApiParts, Handlers } from "../context.ts";
import { INVENTORY_MS_DEFAULT } from "../inventory-schema.ts";
import { Problem } from "../problem.ts";
import { windowOf } from "../search-window.ts";

const DAY_MS = 86_400_000;
const HOSTS_SHOWN = 200;

interface Judged extends ListedEndpoint {
  readonly isNew: boolean;
  readonly isQuiet: boolean;
  readonly where: string;
}

/** The handlers. */
export function inventoryHandlers(parts: ApiParts): Pick<Handlers, "endpoints" | "endpoint" | "exportInventory"> {
  const { now } = parts;
  const read = async (window: Window, { tenants }: Identity): Promise<ListedEndpoint[]> => {
    const [known, attacked] = await Promise.all([
      parts.store.endpoints(tenants, window),
      parts.store.attackedPlaces(tenants, window),
    ]);
    return listEndpoints(known, attacked);
  };
  const judged = async (
    query: { readonly from?: number | undefined; readonly to?: number | undefined; readonly quietDays: number },
    who: Identity,
  ): Promise<Judged[]> => {
    const window = windowOf({ ...query, from: query.from ?? now() - INVENTORY_MS_DEFAULT }, now());
    return judge(await read(window, who), now(), query.quietDays);
  };
  return {
    async endpoints({ query, who }) {
      const all = await judged(query, who);
      const ofHost = all.filter(({ host }) => host === (query.host ?? host)).filter((one) => fitsText(one, query.find));
      const fitting = ofHost.filter((one) => TESTS[query.show](one));
      const end = query.cursor + query.limit;
      return {
        items: fitting.slice(query.cursor, end).map(summaryOf),
        next: fitting.length > end ? String(end) : null,
        total: fitting.length,
        hosts: hostsOf(all),
        counts: {
          all: ofHost.length,
          new: ofHost.filter(TESTS.new).length,
          quiet: ofHost.filter(TESTS.quiet).length,
          attacked: ofHost.filter(TESTS.attacked).length,
          sensitive: ofHost.filter(TESTS.sensitive).length,
          open: ofHost.filter(TESTS.open).length,
        },
        since: sinceOf(all),
      };
    },

    async endpoint({ path, query, who }) {
      const found = (await judged(query, who)).find(({ id }) => id === path.id);
      if (found !== undefined) return found;
      throw new Problem("NOT_FOUND", "there is no such endpoint — its path may have become a wider one; see the list");
    },

    async exportInventory({ query, who, header }) {
      const all = await read(windowOf({ from: now() - DAY_MS }, now()), who);
      const own = all.filter(({ app }) => query.app === undefined || app === query.app);
      const hosts = hostsOf(own);
      const [only] = hosts;
      const host = query.host ?? (hosts.length === 1 ? only?.host : undefined);
      if (host === undefined && hosts.length > 1) {
        const names = hosts.slice(0, 5).map((one) => one.host);
        const detail = `query.host is missing and there are ${hosts.length} hosts — write one: ${names.join(", ")}`;
        throw new Problem("INVALID", detail, { field: "query.host" });
      }
      const endpoints = own.filter((one) => one.host === host);
      if (host === undefined || endpoints.length === 0) {
        throw new Problem("NOT_FOUND", "nothing is known of that host — see the inventory for those that are", {
          field: "query.host",
        });
      }
      header("content-disposition", `attachment; filename="openapi-${host.replace(/[^a-z0-9.-]+/g, "-")}.json"`);
      const document = openApiOf(host, endpoints, `${query.app ?? host}, as seen`, now());
      return new Response(`${JSON.stringify(document, null, 2)}\n`, {
        headers: { "content-type": "application/json", "cache-control": "no-store" },
      });
    },
  };
}

const TESTS: Readonly<Record<"all" | "new" | "quiet" | "attacked" | "sensitive" | "open", (one: Judged) => boolean>> = {
  all: () => true,
  new: ({ isNew }) => isNew,
  quiet: ({ isQuiet }) => isQuiet,
  attacked: ({ attacks }) => attacks > 0,
  sensitive: ({ shape }) => shape.params.some(({ sensitive }) => sensitive.length > 0),
  open: ({ shape }) => shape.auth.includes("none"),
};

function judge(all: readonly ListedEndpoint[], now: number, quietDays: number): Judged[] {
  const since = sinceOf(all) ?? now;
  // On the first day everything would be new.
  const isKnownLonger = since < now - DAY_MS;
  return all.map((one) => ({
    ...one,
    isNew: isKnownLonger && one.first >= now - DAY_MS,
    isQuiet: one.last < now - quietDays * DAY_MS,
    where: whereOf(one),
  }));
}

function sinceOf(all: readonly ListedEndpoint[]): number | null {
  let since: number | null = null;
  for (const { first } of all) since = since === null ? first : Math.min(since, first);
  return since;
}

/** Records have the template by shape alone: where more was folded, the path is looked at. */
function whereOf({ host, method, path }: ListedEndpoint): string {
  const place = path.includes("{name}")
    ? `path.matches(${JSON.stringify(regexOf(patternOfGlob(globOf(path))))})`
    : `template == ${JSON.stringify(path)}`;
  return `host == ${JSON.stringify(host)} && method == "${method}" && ${place}`;
}

function globOf(path: string): string {
  const parts = path.split("/").map((one) => (one.startsWith("{") ? "*" : one.replace(/[\\*?]/g, "\\$&")));
  const stars = parts.flatMap((one, index) => (one === "*" ? [index] : []));
  const last = stars[STARS_MAX - 1];
  return last === undefined ? parts.join("/") : parts.slice(0, last + 1).join("/");
}

function fitsText({ path, method, app, host }: ListedEndpoint, find: string): boolean {
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const text = `${method} ${host}${path} ${app ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function hostsOf(all: readonly ListedEndpoint[]): { host: string; endpoints: number }[] {
  const counts = new Map<string, number>();
  for (const { host } of all) counts.set(host, (counts.get(host) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, HOSTS_SHOWN);
  return sorted.map(([host, endpoints]) => ({ host, endpoints }));
}

function summaryOf({ shape, ...one }: Judged) {
  const sensitive = [...new Set(shape.params.flatMap((param) => param.sensitive))];
  return { ...one, params: shape.params.length, sensitive, auth: [...shape.auth], statuses: [...shape.statuses] };
}
