/** What the search finds over time, and its most frequent values; dragging over the time or a value narrows it. */
import { useContext, useMemo } from "preact/hooks";
import type { Answer } from "../../postanalytics/api/routes.ts";
import type { GroupField } from "../../postanalytics/store/store.ts";
import { SeriesChart } from "../chart/series-chart.tsx";
import { visible } from "../record/bytes.ts";
import { typeText } from "../record/words.ts";
import { countText, shareText, shortCount } from "../shell/format.ts";
import { Loading } from "../shell/notice.tsx";
import { changeParams } from "../shell/route.ts";
import { writeWindow } from "../shell/window.ts";
import { clickedField, condition } from "./conditions.ts";
import { FilterContext } from "./filterable.tsx";

/** Statistics as the API tells them. */
export type Statistics = Answer<"statistics">;

const TOP_MAX = 5;
/** Fields whose most frequent values are shown, with their headings. */
export const TOP_FIELDS = [
  ["type", "Types"],
  ["ip", "Clients"],
  ["path", "Paths"],
  ["app", "Applications"],
] as const satisfies readonly (readonly [GroupField, string])[];

/** The strip above the list. */
export function StatisticStrip({ statistics }: { readonly statistics: Statistics | null }) {
  const chart = useMemo(() => chartOf(statistics), [statistics]);
  if (statistics === null || chart === null) {
    return (
      <section class="statistics" aria-busy="true">
        <Loading lines={4} />
      </section>
    );
  }
  const { totals, top } = statistics;
  return (
    <section class="statistics" aria-label="statistics of this search">
      <div class="strip-chart">
        <p class="totals">
          <b>{countText(totals.records)}</b> records · <b>{countText(totals.hits)}</b> hits ·{" "}
          <b>{shareText(totals.blocked, totals.records)}</b> blocked · <b>{countText(totals.clients)}</b> clients
        </p>
        <SeriesChart
          title="Records over time"
          {...chart}
          onChoose={(window) => changeParams({ window: writeWindow(window) })}
        />
      </div>
      {TOP_FIELDS.map(([field, title]) => (
        <TopList key={field} field={field} title={title} values={top[field] ?? []} whole={totals.records} />
      ))}
    </section>
  );
}

function chartOf(statistics: Statistics | null) {
  if (statistics === null) return null;
  const { series, bucketMs } = statistics;
  return {
    at: series.map(({ at }) => at),
    bucketMs,
    lines: [
      { label: "all", colour: "amber", values: series.map(({ records }) => records) },
      { label: "blocked", colour: "red", values: series.map(({ blocked }) => blocked) },
    ],
  };
}

interface TopListProps {
  readonly field: GroupField;
  readonly title: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** What a bar of full width stands for. */
  readonly whole: number;
}

/** The most frequent values of a field, with bars. */
export function TopList({ field, title, values, whole }: TopListProps) {
  const filter = useContext(FilterContext);
  return (
    <div class="top">
      <h3>{title}</h3>
      {values.length === 0 && <p class="soft">none</p>}
      <ol>
        {values.slice(0, TOP_MAX).map(({ value, count }) => (
          <li key={value}>
            <button
              type="button"
              title={`${field} ${visible(value)}: ${countText(count)}`}
              disabled={filter === null}
              onClick={() => filter?.(condition(clickedField(field), value))}
            >
              <span class="bar" style={{ width: `${(100 * count) / Math.max(1, whole)}%` }} />
              <span class="value">{value === "" ? "–" : field === "type" ? typeText(value) : visible(value)}</span>
              <span class="count">{shortCount(count)}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
