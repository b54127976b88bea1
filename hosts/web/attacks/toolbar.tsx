/** Above the list: views, time, grouping, order, live, and the way out as a file. */
import { useState } from "preact/hooks";
import { addressOf } from "../../postanalytics/api/client.ts";
import { changeParams } from "../shell/route.ts";
import { refusalOf, useSession } from "../shell/session.ts";
import { toast } from "../shell/toasts.tsx";
import { isMoving, localMoment, readWindow, WINDOWS, windowText, writeWindow } from "../shell/window.ts";
import type { ListState } from "./attacks-page.tsx";
import { GROUPINGS, GROUPINGS_MAX, NO_GROUPING, readGrouping } from "./line.ts";
import type { LiveState } from "./live.ts";
import { forgetView, hrefOfView, isShown, SHIPPED_VIEWS, savedViews, saveView, viewParams } from "./saved-views.ts";

/** What the address says, and how the live stream stands. */
export interface ToolbarProps {
  readonly state: ListState;
  readonly live: LiveState;
  readonly params: URLSearchParams;
}

/** The toolbar. */
export function Toolbar({ state, live, params }: ToolbarProps) {
  const liveText = { off: "Live", waiting: "Live …", on: "Live" }[live];
  return (
    <div class="toolbar">
      <Views params={params} />
      <div class="choices">
        <WindowPicker window={state.window} />
        <GroupPicker group={state.group} />
        {readGrouping(state.group).length > 0 && (
          <label>
            <span class="spoken">order</span>
            <select value={state.order} onChange={(event) => changeParams({ order: event.currentTarget.value })}>
              <option value="last_seen">last seen</option>
              <option value="first_seen">newest kind</option>
              <option value="count">most records</option>
            </select>
          </label>
        )}
        <button
          type="button"
          class={`live ${live}`}
          aria-pressed={state.isLive}
          title="show new records as they come"
          onClick={() => changeParams({ live: state.isLive ? "" : "1" })}
        >
          {liveText}
        </button>
        <Download state={state} />
      </div>
    </div>
  );
}

function Views({ params }: { readonly params: URLSearchParams }) {
  const [saved, setSaved] = useState(savedViews);
  const [isNaming, setIsNaming] = useState(false);
  const isKnown = [...SHIPPED_VIEWS, ...saved].some((view) => isShown(view, params));
  const told = (isKept: boolean): void => {
    if (!isKept)
      toast({
        tone: "bad",
        text: "This browser keeps nothing for this page: allow it to store, or share the address.",
      });
    setSaved(savedViews());
  };
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const name = `${new FormData(form).get("name") ?? ""}`.trim();
    if (name === "") return;
    told(saveView({ name, params: viewParams(params) }));
    setIsNaming(false);
  };
  return (
    <nav class="views" aria-label="saved views">
      {SHIPPED_VIEWS.map((view) => (
        <a key={view.name} href={hrefOfView(view)} aria-current={isShown(view, params) ? "true" : undefined}>
          {view.name}
        </a>
      ))}
      {saved.map((view) => (
        <span key={view.name} class="saved">
          <a href={hrefOfView(view)} aria-current={isShown(view, params) ? "true" : undefined}>
            {view.name}
          </a>
          <button type="button" aria-label={`forget the view ${view.name}`} onClick={() => told(forgetView(view.name))}>
            ×
          </button>
        </span>
      ))}
      {!isKnown && !isNaming && (
        <button type="button" class="quiet" onClick={() => setIsNaming(true)}>
          Save view
        </button>
      )}
      {isNaming && (
        <form onSubmit={save}>
          <input name="name" aria-label="name of the view" placeholder="name" maxLength={60} autofocus required />
          <button type="submit">Save</button>
        </form>
      )}
    </nav>
  );
}

function WindowPicker({ window }: { readonly window: string }) {
  const [isOwn, setIsOwn] = useState(!isMoving(window));
  const now = Date.now();
  const bounds = readWindow(window, now) ?? { from: now - 86_400_000, to: now };
  const set = (side: "from" | "to", text: string): void => {
    const at = Date.parse(text);
    if (Number.isNaN(at)) return;
    const next = { ...bounds, [side]: at };
    if (next.from < next.to) changeParams({ window: writeWindow(next) });
  };
  return (
    <span class="window">
      <select
        aria-label="time"
        value={isOwn || !isMoving(window) ? "own" : window}
        onChange={({ currentTarget: { value } }) => {
          setIsOwn(value === "own");
          changeParams({ window: value === "own" ? writeWindow(bounds) : value });
        }}
      >
        {WINDOWS.map(([value]) => (
          <option key={value} value={value}>
            {windowText(value)}
          </option>
        ))}
        {isMoving(window) && !WINDOWS.some(([value]) => value === window) && (
          <option value={window}>{windowText(window)}</option>
        )}
        <option value="own">from … to …</option>
      </select>
      {!isMoving(window) &&
        (["from", "to"] as const).map((side) => (
          <input
            key={side}
            type="datetime-local"
            step={1}
            aria-label={side}
            value={localMoment(bounds[side])}
            onChange={(event) => set(side, event.currentTarget.value)}
          />
        ))}
    </span>
  );
}

function GroupPicker({ group }: { readonly group: string }) {
  const chosen = readGrouping(group);
  const toggle = (field: (typeof GROUPINGS)[number]): void => {
    const next = chosen.includes(field) ? chosen.filter((one) => one !== field) : [...chosen, field];
    changeParams({ group: next.length === 0 ? NO_GROUPING : next.join(","), line: "", open: "" });
  };
  return (
    <details class="group-picker">
      <summary>{chosen.length === 0 ? "not grouped" : `by ${chosen.join(", ")}`}</summary>
      <div class="sheet">
        <button type="button" onClick={() => changeParams({ group: NO_GROUPING, line: "", open: "" })}>
          each record on its own
        </button>
        {GROUPINGS.map((field) => (
          <label key={field}>
            <input
              type="checkbox"
              checked={chosen.includes(field)}
              disabled={!chosen.includes(field) && chosen.length >= GROUPINGS_MAX}
              onChange={() => toggle(field)}
            />{" "}
            {field}
          </label>
        ))}
        <p class="soft">up to {GROUPINGS_MAX}</p>
      </div>
    </details>
  );
}

function Download({ state }: { readonly state: ListState }) {
  const refusal = refusalOf(useSession(), "exportRecords");
  if (refusal !== null) return null;
  const now = Date.now();
  const { from, to } = readWindow(state.window, now) ?? { from: 0, to: now };
  return (
    <span class="downloads">
      {(["csv", "jsonl"] as const).map((format) => (
        <a
          key={format}
          class="button"
          download={`merlon-records.${format}`}
          title={`the records of this search as a file; values cannot act as formulas`}
          href={addressOf("exportRecords", {}, { where: state.where, from, to, format })}
        >
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}
