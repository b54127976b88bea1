/**
 * Counts over time, drawn by uPlot on a canvas. Dragging chooses a window. The same numbers are in a table for whoever
 * cannot see the drawing.
 */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clockText, countText, dayText, momentText } from "../shell/format.ts";
import type { TimeWindow } from "../shell/window.ts";

const HEIGHT_PX = 110;
const LEAST_WIDTH_PX = 120;
const DAY_MS = 86_400_000;
/** Rows of the table for those who listen: more would drown them. */
const SPOKEN_MAX = 24;

/** One line of the chart. */
export interface Line {
  readonly label: string;
  /** Name of a token: `bad`. */
  readonly colour: string;
  readonly values: readonly number[];
}

/** What to draw. */
export interface SeriesChartProps {
  /** What the chart shows, for those who cannot see it. */
  readonly title: string;
  /** Beginnings of the buckets, milliseconds since 1970, ascending. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  /** What a drag over the chart chose. */
  readonly onChoose?: (window: TimeWindow) => void;
  /** Largest width of a bucket, for the end of what was chosen. */
  readonly bucketMs: number;
}

/** The colours of tokens as the canvas needs them: resolved for the theme that is shown. */
function colourOf(element: HTMLElement, token: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(--${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @param shown what is shown by then: the drawing outlives the numbers it was made for */
function optionsOf(element: HTMLElement, shown: { readonly current: SeriesChartProps }): uPlot.Options {
  const [line, soft] = [colourOf(element, "line"), colourOf(element, "soft")];
  const font = "11px system-ui, sans-serif";
  const tick = (seconds: number): string => {
    const { at } = shown.current;
    const isLong = (at.at(-1) ?? 0) - (at[0] ?? 0) > 2 * DAY_MS;
    return isLong ? dayText(seconds * 1000).slice(5) : clockText(seconds * 1000).slice(0, 5);
  };
  return {
    width: Math.max(LEAST_WIDTH_PX, element.clientWidth),
    height: HEIGHT_PX,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: {
      y: false,
      drag: { x: shown.current.onChoose !== undefined, y: false, setScale: false },
      points: { size: 6 },
    },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(4, most * 1.1)] } },
    axes: [
      {
        stroke: soft,
        font,
        size: 26,
        grid: { show: false },
        ticks: { show: false },
        values: (_, ticks) => ticks.map(tick),
      },
      {
        stroke: soft,
        font,
        size: 44,
        space: 28,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        values: (_, ticks) => ticks.map((value) => (Number.isInteger(value) ? countText(value) : "")),
      },
    ],
    series: [
      {},
      ...shown.current.lines.map(({ label, colour }) => {
        const stroke = colourOf(element, colour);
        return { label, stroke, width: 1.5, fill: colourOf(element, `${colour}-back`), points: { show: false } };
      }),
    ],
    hooks: {
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const { onChoose, bucketMs } = shown.current;
          const moment = (x: number): number => Math.round(plot.posToVal(x, "x") * 1000);
          onChoose?.({
            from: moment(plot.select.left),
            to: Math.max(moment(plot.select.left + plot.select.width), moment(plot.select.left) + bucketMs),
          });
        },
      ],
    },
  };
}

function numbersOf({ at, lines }: SeriesChartProps): uPlot.AlignedData {
  return [at.map((one) => one / 1000), ...lines.map(({ values }) => [...values])];
}

/** The drawing, and the table behind it. New numbers go into the same drawing: a drag over it is not interrupted. */
export function SeriesChart(props: SeriesChartProps) {
  const { title, at, lines } = props;
  const holder = useRef<HTMLDivElement>(null);
  const drawing = useRef<uPlot | null>(null);
  const shown = useRef(props);
  shown.current = props;
  const looks = lines.map(({ label, colour }) => `${colour} ${label}`).join("\n");
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const draw = (): void => {
      drawing.current?.destroy();
      drawing.current = new uPlot(optionsOf(element, shown), numbersOf(shown.current), element);
    };
    draw();
    const resized = new ResizeObserver(() => {
      drawing.current?.setSize({ width: Math.max(LEAST_WIDTH_PX, element.clientWidth), height: HEIGHT_PX });
    });
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    addEventListener("merlon-theme", draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", draw);
      removeEventListener("merlon-theme", draw);
      drawing.current?.destroy();
      drawing.current = null;
    };
  }, [looks]);
  useEffect(() => drawing.current?.setData(numbersOf(shown.current)), [at, lines]);
  return (
    <figure class="chart">
      <figcaption>
        {lines.map(({ label, colour }) => (
          <span key={label} class={`key ${colour}`}>
            {label}
          </span>
        ))}
      </figcaption>
      <div class="plot" ref={holder} aria-hidden="true" />
      <Spoken title={title} at={at} lines={lines} />
    </figure>
  );
}

function Spoken({ title, at, lines }: Pick<SeriesChartProps, "title" | "at" | "lines">) {
  const rows = at
    .map((moment, index) => ({ moment, values: lines.map(({ values }) => values[index] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0))
    .slice(-SPOKEN_MAX);
  return (
    <table class="spoken">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th>time</th>
          {lines.map(({ label }) => (
            <th key={label}>{label}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ moment, values }) => (
          <tr key={moment}>
            <th>{momentText(moment, Date.now())}</th>
            {values.map((value, index) => (
              <td key={lines[index]?.label}>{countText(value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
