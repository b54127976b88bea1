/** The lines of the list. A press on one opens it beside the list; values narrow the search. */
import { useEffect, useRef } from "preact/hooks";
import { LabelBadge, Outcome, Severity, TypeBadge } from "../record/badge.tsx";
import { visible } from "../record/bytes.ts";
import { countText, exactTime, momentText, shortCount } from "../shell/format.ts";
import { Filterable } from "./filterable.tsx";
import { chiefHit, type Line, outcomeOf } from "./line.ts";

const TYPES_SHOWN_MAX = 2;

/** The lines and what happens to them. */
export interface AttackListProps {
  readonly lines: readonly Line[];
  /** Id of the open line; empty for none. */
  readonly openId: string;
  readonly now: number;
  readonly onOpen: (line: Line) => void;
}

const HEADINGS = ["Last seen", "Type", "Request", "Found in", "Client", "Records", "Outcome"];

/** The lines, newest or largest first as they come. */
export function AttackList({ lines, openId, now, onOpen }: AttackListProps) {
  return (
    <div class="list">
      <div class="line head" aria-hidden="true">
        {HEADINGS.map((title) => (
          <span key={title}>{title}</span>
        ))}
      </div>
      <ol aria-label="attacks">
        {lines.map((line) => (
          <ListLine key={line.id} line={line} isOpen={line.id === openId} now={now} onOpen={onOpen} />
        ))}
      </ol>
    </div>
  );
}

interface ListLineProps {
  readonly line: Line;
  readonly isOpen: boolean;
  readonly now: number;
  readonly onOpen: (line: Line) => void;
}

function ListLine({ line, isOpen, now, onOpen }: ListLineProps) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  const { record, types } = line;
  const { method, host, path } = record.request;
  const hit = chiefHit(record);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the button in the line does the same for keys.
    <li
      ref={row}
      class={`line ${isOpen ? "open" : ""} ${line.label === "false_positive" ? "settled" : ""}`}
      data-id={line.id}
      aria-current={isOpen ? "true" : undefined}
      onClick={() => onOpen(line)}
    >
      <span class="when">
        <button type="button" class="open-line" aria-expanded={isOpen} title={exactTime(line.at)}>
          {momentText(line.at, now)}
        </button>
        {line.isNew && <span class="badge new">new</span>}
      </span>
      <span class="types">
        <Severity severity={line.severity} />
        {types.slice(0, TYPES_SHOWN_MAX).map((type) => (
          <Filterable key={type} field="type" value={type}>
            <TypeBadge type={type} />
          </Filterable>
        ))}
        {types.length > TYPES_SHOWN_MAX && <span class="soft">+{types.length - TYPES_SHOWN_MAX}</span>}
      </span>
      <span class="request">
        <span class="method">{visible(method)}</span>
        <Filterable field="host" value={line.key.host ?? host} />
        <Filterable field={line.key.path === undefined ? "path" : "template"} value={line.key.path ?? path}>
          <b>{visible(line.key.path ?? path)}</b>
        </Filterable>
      </span>
      <span class="point">
        {hit !== undefined && (
          <Filterable field="point" value={line.key.point ?? hit.point_s}>
            <code>{visible(line.key.point ?? hit.point_s)}</code>
          </Filterable>
        )}
      </span>
      <span class="client">
        {line.clients > 1 ? (
          `${countText(line.clients)} clients`
        ) : (
          <Filterable field="ip" value={line.key.ip ?? record.client.ip} />
        )}
      </span>
      <span class="number" title={countText(line.records)}>
        {shortCount(line.records)}
      </span>
      <span class="outcomes">
        <Outcome outcome={outcomeOf(line)} />
        {line.incidents > 0 && <span class="badge incident">incident</span>}
        <LabelBadge verdict={line.label} />
      </span>
    </li>
  );
}
