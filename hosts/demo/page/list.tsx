/** The last verdicts, newest first; a row opens to its detail. */
import type { FeedEvent } from "./api.ts";
import { Detail } from "./detail.tsx";

/** What happened to a request, in one word. */
export function outcome(event: FeedEvent): "blocked" | "attack" | "passed" | "failed" {
  if (event.failed) return "failed";
  if (event.action === "block") return "blocked";
  return event.wouldAction === "block" ? "attack" : "passed";
}

const OUTCOME_TEXT = { blocked: "blocked", attack: "would block", passed: "passed", failed: "not inspected" } as const;

function Row({ event, open, toggle }: { event: FeedEvent; open: boolean; toggle: () => void }) {
  const state = outcome(event);
  const types = [...new Set(event.matches.map((match) => match.type))];
  return (
    <li class={`row ${state}`} id={`r-${event.ref}`}>
      <button type="button" class="row-head" aria-expanded={open} onClick={toggle}>
        <time>{new Date(event.at).toLocaleTimeString()}</time>
        <span class={`badge ${state}`}>{OUTCOME_TEXT[state]}</span>
        <span class="types">
          {types.map((type) => (
            <span key={type} class={`type type-${type}`}>
              {type}
            </span>
          ))}
        </span>
        <span class="request">
          <b>{event.method}</b> {event.path}
        </span>
        <span class="where">{event.matches[0]?.point ?? ""}</span>
        <span class="micros">{(event.addedMicros / 1000).toFixed(2)} ms</span>
      </button>
      {open && <Detail event={event} />}
    </li>
  );
}

/** The list's rows and which of them is open. */
export interface ListProps {
  readonly events: readonly FeedEvent[];
  /** Reference of the open row, empty for none. */
  readonly openRef: string;
  readonly onOpen: (ref: string) => void;
  readonly proxyPort: number;
}

/** The list, or what to do to fill it. */
export function List({ events, openRef, onOpen, proxyPort }: ListProps) {
  if (events.length === 0) {
    return (
      <p class="empty">
        No requests yet. Press a button above, or visit{" "}
        <a href={`http://127.0.0.1:${proxyPort}/`}>the protected shop</a>.
      </p>
    );
  }
  return (
    <ul class="rows">
      {events.map((event) => (
        <Row
          key={event.id}
          event={event}
          open={event.ref === openRef}
          toggle={() => onOpen(event.ref === openRef ? "" : event.ref)}
        />
      ))}
    </ul>
  );
}
