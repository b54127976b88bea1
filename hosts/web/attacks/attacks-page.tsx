/** The list of attacks: search, time, grouping, what it adds up to, and beside it the record that is open. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { api } from "../shell/api.ts";
import { useKeys } from "../shell/keys.ts";
import { Empty, Loading, Problem } from "../shell/notice.tsx";
import { useResource } from "../shell/resource.ts";
import { changeParams, hrefOf, type Route } from "../shell/route.ts";
import { readWindow, WINDOW_DEFAULT, windowText } from "../shell/window.ts";
import { AttackList } from "./attack-list.tsx";
import { withCondition } from "./conditions.ts";
import { FilterContext } from "./filterable.tsx";
import { GROUPING_DEFAULT, type Line, lineOfAttack, lineOfRecord, readGrouping, searchOfGroup } from "./line.ts";
import { useLive } from "./live.ts";
import { useMuted } from "./muted.ts";
import { OpenLine } from "./open-line.tsx";
import { usePages } from "./pages.ts";
import { SearchBox } from "./search-box.tsx";
import { StatisticStrip, TOP_FIELDS } from "./statistic-strip.tsx";
import { Toolbar } from "./toolbar.tsx";

const PART = 50;
const BUCKETS = 60;
const ORDERS = ["last_seen", "first_seen", "count"] as const;

/** What the address says of the list. */
export interface ListState {
  readonly where: string;
  readonly window: string;
  readonly group: string;
  readonly order: (typeof ORDERS)[number];
  readonly isLive: boolean;
  /** Id of the open line, and of the record that is shown for it; empty for none. */
  readonly line: string;
  readonly open: string;
}

/** Reads the address; what it does not say is as most want it. */
export function readListState({ params }: Pick<Route, "params">): ListState {
  const window = params.get("window") ?? WINDOW_DEFAULT;
  return {
    where: params.get("where") ?? "",
    window: readWindow(window, 0) === null ? WINDOW_DEFAULT : window,
    group: params.get("group") ?? GROUPING_DEFAULT,
    order: ORDERS.find((order) => order === params.get("order")) ?? "last_seen",
    isLive: params.get("live") === "1",
    line: params.get("line") ?? "",
    open: params.get("open") ?? "",
  };
}

/** Asks for a part of the list that the address describes. */
async function loadLines({ where, window, group, order }: ListState, cursor: string | null) {
  const groupBy = readGrouping(group);
  const { from, to } = readWindow(window, Date.now()) ?? { from: 0, to: Date.now() };
  const query = { where, from, to, limit: PART, ...(cursor === null ? {} : { cursor }) };
  if (groupBy.length === 0) {
    const { items, next } = await api.call("records", { query });
    return { items: items.map(lineOfRecord), next };
  }
  const { items, next } = await api.call("attacks", { query: { ...query, groupBy: groupBy.join(","), order } });
  return { items: items.map(lineOfAttack), next };
}

async function loadStatistics({ where, window }: ListState) {
  const { from, to } = readWindow(window, Date.now()) ?? { from: 0, to: Date.now() };
  const top = TOP_FIELDS.map(([field]) => field).join(",");
  return await api.call("statistics", { query: { where, from, to, buckets: BUCKETS, top } });
}

/** Opens a line beside the list; none where it is null. */
function openLine(line: Line | null, isReplaced = false): void {
  changeParams({ line: line?.id ?? "", open: line?.record.id ?? "" }, isReplaced);
}

/** The page. */
export function AttacksPage({ route }: { readonly route: Route }) {
  const state = readListState(route);
  const { where, window, group, order } = state;
  const question = JSON.stringify([where, window, group, order]);
  const pages = usePages<Line>(question, (cursor) => loadLines(state, cursor));
  const statistics = useResource(JSON.stringify([where, window]), () => loadStatistics(state));
  const check = useResource(where, () => api.call("checkSearch", { query: { where } }));
  // An answer to the search of before says nothing of this one.
  const read = check.isLoading ? null : check.value;
  const muted = useMuted();
  const live = useLive(state.isLive, () => {
    pages.refresh();
    statistics.reload();
  });
  const search = useCallback((next: string) => changeParams({ where: next, line: "", open: "" }), []);
  const filter = (added: string): void => search(withCondition(where, read, added));
  const all = pages.items ?? [];
  const lines = all.filter(({ id }) => !muted.has(id) || id === state.line);
  const now = useNow();
  useListKeys(lines, state.line);
  const opened = lines.find(({ id }) => id === state.line);
  const changed = (): void => {
    pages.refresh();
    statistics.reload();
  };
  return (
    <FilterContext.Provider value={filter}>
      <div class={`attacks ${state.open === "" ? "" : "with-record"}`}>
        <h1 class="spoken">Attacks</h1>
        <Toolbar state={state} live={live} params={route.params} />
        <SearchBox where={where} check={check.value} onSearch={search} />
        {statistics.error === null && <StatisticStrip statistics={statistics.value} />}
        <div class="split">
          <section class="lines" aria-label="list" aria-busy={pages.isLoading}>
            {pages.error !== null && <Problem error={pages.error} retry={pages.refresh} />}
            {pages.items === null && pages.error === null && <Loading lines={12} />}
            {lines.length > 0 && <AttackList lines={lines} openId={state.line} now={now} onOpen={openLine} />}
            {pages.items !== null && all.length === 0 && <NothingFound state={state} />}
            <ListEnd pages={pages} muted={all.length - lines.length} onUnmute={muted.clear} />
          </section>
          {state.open !== "" && (
            <OpenLine
              key={state.open}
              recordId={state.open}
              line={opened ?? null}
              groupWhere={opened === undefined ? "" : withCondition(where, read, searchOfGroup(opened))}
              onClose={() => openLine(null)}
              onChanged={changed}
              onMute={opened === undefined ? undefined : () => muteLine(opened, lines, muted.mute)}
            />
          )}
        </div>
      </div>
    </FilterContext.Provider>
  );
}

/** The line behind the muted one is opened, so that the next key falls on the next line. */
function muteLine(line: Line, lines: readonly Line[], mute: (id: string) => void): void {
  const at = lines.findIndex(({ id }) => id === line.id);
  mute(line.id);
  openLine(lines[at + 1] ?? null, true);
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function useListKeys(lines: readonly Line[], openId: string): void {
  const move = (by: number): void => {
    const at = lines.findIndex(({ id }) => id === openId);
    const next = lines[at < 0 ? 0 : Math.min(lines.length - 1, Math.max(0, at + by))];
    if (next !== undefined) openLine(next, true);
  };
  useKeys("List", [
    { key: "j", says: "next line", run: () => move(1) },
    { key: "k", says: "line before", run: () => move(-1) },
    { key: "Escape", says: "close the record", run: () => openLine(null) },
  ]);
}

function NothingFound({ state }: { readonly state: ListState }) {
  const { where, window } = state;
  if (where !== "") {
    return (
      <Empty title="Nothing fits this search">
        <p>
          In the {windowText(window)}. <a href={hrefOf("attacks", "", { window })}>Without the search</a> or{" "}
          <a href={hrefOf("attacks", "", { where, window: "30d" })}>in the last 30 days</a>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No attacks yet">
      <p>
        None in the {windowText(window)}. <a href={hrefOf("attacks", "", { window: "30d" })}>Look at 30 days</a>, or see
        on the <a href={hrefOf("nodes")}>nodes</a> whether traffic arrives at all.
      </p>
      <p>
        To see one, send a sample through a protected service: <code>merlon test http://localhost:8080</code>
      </p>
    </Empty>
  );
}

interface ListEndProps {
  readonly pages: ReturnType<typeof usePages<Line>>;
  readonly muted: number;
  readonly onUnmute: () => void;
}

function ListEnd({ pages, muted, onUnmute }: ListEndProps) {
  return (
    <div class="list-end">
      {pages.hasMore && (
        <button type="button" disabled={pages.isLoading} onClick={pages.more}>
          {pages.isLoading ? "Loading …" : "Older"}
        </button>
      )}
      {pages.isFull && <p class="soft">There are more. Narrow the search or the time to see them.</p>}
      {muted > 0 && (
        <p class="soft">
          {muted} muted here.{" "}
          <button type="button" class="link" onClick={onUnmute}>
            Show them
          </button>
        </p>
      )}
    </div>
  );
}
