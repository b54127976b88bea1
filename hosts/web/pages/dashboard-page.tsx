/** The whole at a glance: traffic, what was stopped, what it costs, what was not looked at; every number leads on. */
import type { ComponentChildren } from "preact";
import type { Answer } from "../../postanalytics/api/routes.ts";
import { condition } from "../attacks/conditions.ts";
import { FilterContext } from "../attacks/filterable.tsx";
import { TopList } from "../attacks/statistic-strip.tsx";
import { SeriesChart } from "../chart/series-chart.tsx";
import { visible } from "../record/bytes.ts";
import { api } from "../shell/api.ts";
import { countText, microsText, shareText, shortCount } from "../shell/format.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { changeParams, goTo, hrefOf, type Route } from "../shell/route.ts";
import { refusalOf, type Session, useSession } from "../shell/session.ts";
import { readWindow, WINDOW_DEFAULT, WINDOWS, windowText, writeWindow } from "../shell/window.ts";
import { type Traffic, trafficOf } from "./traffic.ts";

const BUCKETS = 120;
const TOPS = [
  ["type", "Types"],
  ["ip", "Clients"],
  ["country", "Countries"],
  ["app", "Applications"],
  ["host", "Hosts"],
  ["path", "Paths"],
  ["stamp", "Signatures"],
  ["node", "Nodes"],
] as const;

const SKIPPED: Readonly<Record<string, string>> = {
  policy: "the policy says off",
  oversize: "longer than is inspected",
  unreachable: "the core was out of reach",
  timeout: "the core took too long",
  overlimit: "more work or memory than allowed",
  unsupported: "a protocol that is not read",
  bypass: "let past on purpose",
  trap: "the core failed",
};

type Statistics = Answer<"statistics">;

async function load(window: string, session: Session) {
  const { from, to } = readWindow(window, Date.now()) ?? { from: 0, to: Date.now() };
  const top = TOPS.map(([field]) => field).join(",");
  const mayAsk = (name: "nodes" | "policy"): boolean => refusalOf(session, name) === null;
  const [statistics, nodes, policy] = await Promise.all([
    api.call("statistics", { query: { from, to, buckets: BUCKETS, top } }),
    mayAsk("nodes") ? api.call("nodes", {}) : null,
    mayAsk("policy") ? api.call("policy", {}) : null,
  ]);
  return { statistics, traffic: nodes === null ? null : trafficOf(nodes.items), policy };
}

/** The page. */
export function DashboardPage({ route }: { readonly route: Route }) {
  const session = useSession();
  const asked = route.params.get("window") ?? WINDOW_DEFAULT;
  const window = readWindow(asked, 0) === null ? WINDOW_DEFAULT : asked;
  const { value, error, reload } = useResource(window, () => load(window, session));
  const toList = (where: string): void => goTo(hrefOf("attacks", "", { where, window }));
  return (
    <div class="page wide">
      <header class="page-head">
        <h1>Dashboard</h1>
        <select
          aria-label="time"
          value={window}
          onChange={(event) => changeParams({ window: event.currentTarget.value })}
        >
          {WINDOWS.map(([one]) => (
            <option key={one} value={one}>
              {windowText(one)}
            </option>
          ))}
          {!WINDOWS.some(([one]) => one === window) && <option value={window}>{windowText(window)}</option>}
        </select>
      </header>
      {error !== null && <Problem error={error} retry={reload} />}
      {value === null && error === null && <Loading lines={10} />}
      {value !== null && (
        <FilterContext.Provider value={toList}>
          <Numbers
            statistics={value.statistics}
            traffic={value.traffic}
            window={window}
            mode={value.policy?.mode ?? null}
          />
          <section class="card" aria-label="records over time">
            <SeriesChart
              title="Records over time"
              {...seriesOf(value.statistics)}
              onChoose={(chosen) => goTo(hrefOf("attacks", "", { window: writeWindow(chosen) }))}
            />
          </section>
          {value.traffic !== null && <Coverage traffic={value.traffic} />}
          <section class="tops" aria-label="most frequent values">
            {TOPS.map(([field, title]) => {
              const values = value.statistics.top[field] ?? [];
              return (
                <div key={field} class="card">
                  <TopList field={field} title={title} values={values} whole={value.statistics.totals.records} />
                </div>
              );
            })}
          </section>
        </FilterContext.Provider>
      )}
    </div>
  );
}

function seriesOf({ series, bucketMs }: Statistics) {
  return {
    at: series.map(({ at }) => at),
    bucketMs,
    lines: [
      { label: "all", colour: "amber", values: series.map(({ records }) => records) },
      { label: "blocked", colour: "red", values: series.map(({ blocked }) => blocked) },
    ],
  };
}

interface NumbersProps {
  readonly statistics: Statistics;
  readonly traffic: Traffic | null;
  readonly window: string;
  readonly mode: string | null;
}

function Numbers({ statistics, traffic, window, mode }: NumbersProps) {
  const { totals } = statistics;
  return (
    <div class="numbers">
      <Figure title="attacks" value={shortCount(totals.records)} href={hrefOf("attacks", "", { window })}>
        {countText(totals.hits)} hits
      </Figure>
      <Figure
        title="blocked"
        value={shortCount(totals.blocked)}
        href={hrefOf("attacks", "", { window, where: condition("action", "blocked") })}
      >
        {shareText(totals.blocked, totals.records)} of them
      </Figure>
      <Figure title="clients" value={shortCount(totals.clients)} href={hrefOf("attacks", "", { window, group: "ip" })}>
        that attacked
      </Figure>
      {traffic !== null && (
        <>
          <Figure title="requests" value={shortCount(traffic.requests)} href={hrefOf("nodes")}>
            since the nodes began
          </Figure>
          <Figure title="inspected" value={shareText(traffic.inspected, traffic.requests)} href={hrefOf("nodes")}>
            {traffic.skippedCount === 0 ? "nothing left out" : `${countText(traffic.skippedCount)} left out`}
          </Figure>
          <Figure title="added, median" value={microsText(traffic.p50)} href={hrefOf("nodes")}>
            99 %: {microsText(traffic.p99)}
          </Figure>
        </>
      )}
      {mode !== null && (
        <Figure title="mode" value={mode} href={hrefOf("policy")}>
          of the policy
        </Figure>
      )}
    </div>
  );
}

interface FigureProps {
  readonly title: string;
  readonly value: string;
  readonly href: string;
  readonly children: ComponentChildren;
}

function Figure({ title, value, href, children }: FigureProps) {
  return (
    <a class="card number-card" href={href}>
      <span class="soft">{title}</span>
      <b>{value}</b>
      <span class="soft">{children}</span>
    </a>
  );
}

/** What share of the traffic was looked at, and why the rest was not. */
function Coverage({ traffic }: { readonly traffic: Traffic }) {
  const { requests, inspected, skipped } = traffic;
  if (traffic.reporting === 0) {
    return (
      <Empty title="No node tells of its traffic">
        <p>
          Records arrive, but how much was inspected is only known of nodes that report it. See the{" "}
          <a href={hrefOf("nodes")}>nodes</a>.
        </p>
      </Empty>
    );
  }
  return (
    <section class="card coverage" aria-label="coverage">
      <h2>Coverage</h2>
      <p>
        <b>{shareText(inspected, requests)}</b> of {countText(requests)} requests were inspected.
      </p>
      <div class="track" aria-hidden="true">
        <span style={{ width: `${requests === 0 ? 0 : (100 * inspected) / requests}%` }} />
      </div>
      <ul>
        {skipped.map(([reason, count]) => (
          <li key={reason}>
            <b>{countText(count)}</b> not: {SKIPPED[reason] ?? visible(reason)}{" "}
            <span class="soft">({shareText(count, requests)})</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
