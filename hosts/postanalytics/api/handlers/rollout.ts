/** The report on whether a scope is ready to be blocked for. */
import { stringify } from "yaml";
import type { Mode } from "../../../core/verdict.ts";
import type { Identity } from "../../access/identity.ts";
import { listEndpoints } from "../../inventory/endpoint-list.ts";
import { readiness, type Scope, type SeenTraffic, searchText, type WouldBlock } from "../../rollout/readiness.ts";
import type { Window } from "../../store/store.ts";
import type { ApiParts, Handlers } from "../context.ts";

const DAY_MS = 86_400_000;
/** A report takes no longer; it then says that it has not read everything. */
const READ_MS = 10_000;

/** The handlers. */
export function rolloutHandlers(parts: ApiParts): Pick<Handlers, "readiness"> {
  const { now, store, policy } = parts;
  return {
    async readiness({ query, who }) {
      const to = now() + 1;
      const window = { from: to - query.days * DAY_MS, to };
      const traffic = await trafficOf(parts, query, window, who);
      const inForce = policy.current().policy;
      const exceptions = (inForce.exceptions ?? []).filter(({ expiresAt }) => expiresAt * 1000 > now());
      const deadline = now() + READ_MS;
      const report = await readiness(store, query, window, who.tenants, exceptions, traffic, deadline, now);
      const mode = modeOf(parts, query);
      const verdict = mode === "block" ? ("blocking" as const) : report.verdict;
      return {
        ...report,
        ...{ verdict, mode, ...window },
        reasons: mode === "block" ? ["mode block counts here already", ...report.reasons] : [...report.reasons],
        traffic: { ...traffic },
        scope: { app: query.app ?? null, host: query.host ?? null, path: query.path ?? null },
        coverage: who.tenants === null ? coverageOf(parts) : null,
        groups: report.groups.map((group) => ({ ...group, reasons: [...group.reasons], where: whereOf(query, group) })),
        patch: patchOf(query),
      };
    },
  };
}

async function trafficOf(parts: ApiParts, scope: Scope, window: Window, { tenants }: Identity): Promise<SeenTraffic> {
  const known = listEndpoints(await parts.store.endpoints(tenants, window), []);
  const own = known.filter(({ app, host, path }) => {
    const begin = scope.path?.replace(/\/$/, "") ?? "";
    const isBelow = begin === "" || path === begin || path.startsWith(`${begin}/`);
    const isHost = scope.host === undefined || host === scope.host.toLowerCase();
    return isBelow && isHost && (scope.app === undefined || app === scope.app);
  });
  return {
    calls: own.reduce((sum, { calls }) => sum + calls, 0),
    since: own.reduce<number | null>((least, { first }) => Math.min(least ?? first, first), null),
    endpoints: own.length,
    uncalled: own.filter(({ calls }) => calls === 0).length,
  };
}

/** The mode of the scope where it names a place; else that of the whole policy. */
function modeOf({ policy, lens, now }: ApiParts, { host, path }: Scope): Mode {
  const { policy: inForce, overlay } = policy.current();
  if (host === undefined) return inForce.mode;
  const place = { method: "GET", host: host.replace(/:\d+$/, ""), path: path ?? "/" };
  return lens.explain(inForce, overlay, place, Math.floor(now() / 1000)).mode;
}

function coverageOf({ nodes }: ApiParts): { requests: number; inspected: number } | null {
  const telling = nodes.list().flatMap(({ traffic }) => (traffic === null ? [] : [traffic]));
  if (telling.length === 0) return null;
  return {
    requests: telling.reduce((sum, { requests }) => sum + requests, 0),
    inspected: telling.reduce((sum, { inspected }) => sum + inspected, 0),
  };
}

function whereOf(scope: Scope, { type, host, method, path, point }: WouldBlock): string {
  const own = { app: scope.app, host, path: undefined };
  const rest = [`type == ${JSON.stringify(type)}`, `method == ${JSON.stringify(method)}`];
  const place = [`template == ${JSON.stringify(path)}`, `parameter == ${JSON.stringify(point)}`];
  return [searchText(own), ...rest, ...place].join(" && ");
}

/** @returns a scope for a policy's file */
function patchOf({ host, path }: Scope): string {
  if (host === undefined && path === undefined) return stringify({ spec: { defaults: { mode: "block" } } });
  const below = path === undefined || path === "/" ? "/**" : `${path.replace(/\/$/, "")}/**`;
  const name = host?.toLowerCase().replace(/:\d+$/, "");
  const match = { ...(name === undefined ? {} : { host: name }), path: below };
  return stringify({ spec: { scopes: [{ match, mode: "block" }] } });
}
