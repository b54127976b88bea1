/** A value that the list can be narrowed to, or freed of: two small buttons that are there when it is pointed at. */
import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { visible } from "../record/bytes.ts";
import { type ClickedField, condition } from "./conditions.ts";

/** Takes a condition up into the search; null where there is no list to search. */
export const FilterContext = createContext<((added: string) => void) | null>(null);

/** A value with its field. */
export interface FilterableProps {
  readonly field: ClickedField;
  readonly value: string;
  /** What is shown in place of the value. */
  readonly children?: ComponentChildren;
}

/** The value and its two buttons. */
export function Filterable({ field, value, children }: FilterableProps) {
  const filter = useContext(FilterContext);
  const shown = visible(value);
  const add = (event: MouseEvent, isNegated: boolean): void => {
    event.stopPropagation();
    filter?.(condition(field, value, isNegated));
  };
  return (
    <span class="filterable">
      <span class="value" title={shown}>
        {children ?? shown}
      </span>
      {filter !== null && value !== "" && (
        <span class="filter-buttons">
          <button type="button" title={`show only ${field} ${shown}`} onClick={(event) => add(event, false)}>
            <span aria-hidden="true">=</span>
            <span class="spoken">{`show only ${field} ${shown}`}</span>
          </button>
          <button type="button" title={`exclude ${field} ${shown}`} onClick={(event) => add(event, true)}>
            <span aria-hidden="true">≠</span>
            <span class="spoken">{`exclude ${field} ${shown}`}</span>
          </button>
        </span>
      )}
    </span>
  );
}
