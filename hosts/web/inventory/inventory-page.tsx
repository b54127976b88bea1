/** The interfaces behind the nodes, as traffic shows them: what endpoints take, who may ask, what attacks them. */
import { addressOf } from "../../postanalytics/api/client.ts";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { agoText, countText, exactTime, shortCount } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { changeParams, hrefOf, type Route } from "../shell/route.ts";
import { useSubmit } from "../shell/submit.ts";
import { EndpointView } from "./endpoint-view.tsx";

type Endpoints = Answer<"endpoints">;
type EndpointLine = Endpoints["items"][number];
type Show = keyof Endpoints["counts"];

const PART = 200;
const WEEK = "7d";
const SHOWS: readonly (readonly [Show, string, string])[] = [
  ["all", "All", "every endpoint that was seen"],
  ["new", "New", "first seen since yesterday"],
  ["quiet", "Quiet", "not called for 30 days"],
  ["attacked", "Attacked", "with attacks in the last 7 days"],
  ["sensitive", "Sensitive", "with parameters that hold secrets or personal data"],
  ["open", "Without sign-in", "answered requests that showed no credentials"],
];

/** Reads which endpoints are wanted. */
export function readShow(params: URLSearchParams): Show {
  return SHOWS.find(([show]) => show === params.get("show"))?.[0] ?? "all";
}

/** The page; one endpoint where the address has an id. */
export function InventoryPage({ route }: { readonly route: Route }) {
  return route.id === "" ? <EndpointList params={route.params} /> : <EndpointView key={route.id} id={route.id} />;
}

function EndpointList({ params }: { readonly params: URLSearchParams }) {
  const show = readShow(params);
  const [host, find, cursor] = [params.get("host") ?? "", params.get("find") ?? "", params.get("from") ?? "0"];
  const query = { show, find, limit: PART, cursor: Number(cursor) || 0, ...(host === "" ? {} : { host }) };
  const endpoints = useResource(JSON.stringify(query), () => api.call("endpoints", { query }));
  const { value, error } = endpoints;
  const { onSubmit } = useSubmit(async (field) => {
    changeParams({ find: field("find").trim(), host: field("host"), from: "" });
    return false;
  });
  const hosts = value?.hosts ?? [];
  const only = hosts.length === 1 ? (hosts[0]?.host ?? "") : host;
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>API inventory</h1>
        <form class="add-form" key={`${find} ${host}`} onSubmit={onSubmit}>
          <select name="host" aria-label="host" value={host}>
            <option value="">all hosts</option>
            {hosts.map((one) => (
              <option key={one.host} value={one.host}>
                {visible(one.host)} ({one.endpoints})
              </option>
            ))}
          </select>
          <input name="find" aria-label="find" placeholder="path, method or application" defaultValue={find} />
          <button type="submit">Show</button>
          {only !== "" && (
            <a class="button" href={addressOf("exportInventory", {}, { host: only })} download>
              OpenAPI 3.1
            </a>
          )}
        </form>
      </header>
      {error !== null && <Problem error={error} retry={endpoints.reload} />}
      {value === null && error === null && <Loading />}
      {value !== null && value.since === null && <NothingYet />}
      {value !== null && value.since !== null && (
        <>
          <nav class="views" aria-label="endpoints">
            {SHOWS.map(([one, label, says]) => (
              <a
                key={one}
                title={says}
                href={hrefOf("inventory", "", { show: one === "all" ? "" : one, host, find })}
                aria-current={one === show ? "page" : undefined}
              >
                {label} {countText(value.counts[one])}
              </a>
            ))}
          </nav>
          {only === "" && hosts.length > 1 && <p class="soft">Choose a host for its OpenAPI document.</p>}
          {value.items.length === 0 ? (
            <Empty title="No endpoint fits">
              <p>{SHOWS.find(([one]) => one === show)?.[2]}: there is none here.</p>
            </Empty>
          ) : (
            <EndpointTable items={value.items} />
          )}
          {value.next !== null && (
            <button type="button" onClick={() => changeParams({ from: value.next ?? "" })}>
              Next
            </button>
          )}
        </>
      )}
    </div>
  );
}

function NothingYet() {
  return (
    <Empty title="No traffic has been seen yet">
      <p>
        Nodes learn endpoints from a share of the harmless requests that pass through them, and tell of them within
        seconds. Send some requests through <code>merlon protect</code>, or start nodes with a{" "}
        <code>--inventory-rate</code> above 0.
      </p>
    </Empty>
  );
}

function EndpointTable({ items }: { readonly items: readonly EndpointLine[] }) {
  return (
    <div class="scroll">
      <table class="table">
        <thead>
          <tr>
            <th>Method</th>
            <th>Endpoint</th>
            <th class="number">Parameters</th>
            <th>Sensitive</th>
            <th>Signs in with</th>
            <th>Answers</th>
            <th class="number">Calls, 7 days</th>
            <th class="number">Attacks, 7 days</th>
            <th>Last call</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <EndpointRow key={one.id} endpoint={one} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EndpointRow({ endpoint }: { readonly endpoint: EndpointLine }) {
  const { id, app, host, method, path, params, sensitive, auth, statuses, calls, attacks, last, where } = endpoint;
  const now = Date.now();
  return (
    <tr>
      <td>
        <b>{method}</b>
      </td>
      <td>
        <a href={hrefOf("inventory", id)}>
          <code>{visible(path)}</code>
        </a>{" "}
        {endpoint.isNew && <span class="badge hue-blue">new</span>}
        {endpoint.isQuiet && <span class="badge hue-grey">quiet</span>}
        <small class="soft">
          {visible(host)}
          {app !== null && ` · ${visible(app)}`}
        </small>
      </td>
      <td class="number">{countText(params)}</td>
      <td>{sensitive.length === 0 ? <span class="soft">–</span> : sensitive.join(", ")}</td>
      <td class={auth.includes("none") ? "warn" : ""}>{auth.join(", ")}</td>
      <td>{statuses.join(" ")}</td>
      <td class="number" title="estimated from a share of the requests">
        {shortCount(calls)}
      </td>
      <td class="number">
        {attacks === 0 ? (
          <span class="soft">0</span>
        ) : (
          <a href={hrefOf("attacks", "", { where, window: WEEK })}>{countText(attacks)}</a>
        )}
      </td>
      <td title={exactTime(last)}>{agoText(last, now)}</td>
    </tr>
  );
}
