/**
 * The search: conditions as chips, each removed by a click, or the whole as text. The API reads what is typed, in the
 * short form or the long one, and says what it does not understand; what cannot be read is not searched for.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, messageOf } from "../shell/api.ts";
import { useKeys } from "../shell/keys.ts";
import { Problem } from "../shell/notice.tsx";
import { type SearchCheck, withCondition, withoutChip } from "./conditions.ts";

/** The search and where a change of it goes. */
export interface SearchBoxProps {
  readonly where: string;
  /** How the API read `where`; null until it has. */
  readonly check: SearchCheck | null;
  readonly onSearch: (where: string) => void;
}

/** What is being typed: asked of the API when it is sent, and forgotten when a search comes from elsewhere. */
function useTyped({ where, check, onSearch }: SearchBoxProps) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [isText, setIsText] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  // A search from elsewhere ends what was being typed.
  useEffect(() => {
    setText("");
    setIsText(false);
    setProblem(null);
  }, [where]);
  const send = async (): Promise<void> => {
    const typed = text.trim();
    if (typed === "") {
      if (isText) onSearch("");
      return;
    }
    try {
      const read = await api.call("checkSearch", { query: { where: typed } });
      if (read.problem !== null || !read.valid) {
        setProblem(read.problem?.message ?? "this search cannot be read");
        field.current?.setSelectionRange(read.problem?.at ?? 0, typed.length);
        return;
      }
      setText("");
      setProblem(null);
      onSearch(isText ? read.long : withCondition(where, check, read.long));
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const turn = (): void => {
    setIsText(!isText);
    setText(isText ? "" : (check?.long ?? where));
    field.current?.focus();
  };
  return { field, text, setText, isText, problem, send, turn };
}

/** Chips, the field, and what is wrong with its text. */
export function SearchBox(props: SearchBoxProps) {
  const { where, check, onSearch } = props;
  const { field, text, setText, isText, problem, send, turn } = useTyped(props);
  useKeys("Search", [{ key: "/", says: "search", run: () => field.current?.focus() }]);
  const pressed = ({ key }: KeyboardEvent): void => {
    if (key === "Escape") field.current?.blur();
    const isLast = key === "Backspace" && text === "" && !isText;
    if (isLast && check !== null && check.chips.length > 0) onSearch(withoutChip(check, check.chips.length - 1));
  };
  const submitted = (event: SubmitEvent): void => {
    event.preventDefault();
    void send(); // tells of its failures itself
  };
  return (
    <form class="search" aria-label="search of records" onSubmit={submitted}>
      <div class="search-field">
        {!isText && <Chips {...props} />}
        <input
          ref={field}
          value={text}
          aria-label="search"
          aria-invalid={problem !== null}
          placeholder={where === "" || isText ? "sqli blocked url:/api/* !ip:10.0.0.0/8" : "and …"}
          maxLength={4096}
          spellcheck={false}
          autocomplete="off"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={pressed}
        />
        <button type="button" class="quiet" aria-pressed={isText} onClick={turn}>
          {isText ? "as chips" : "as text"}
        </button>
        {where !== "" && (
          <button type="button" class="quiet" onClick={() => onSearch("")}>
            Clear
          </button>
        )}
        <button type="submit">Search</button>
      </div>
      {problem !== null && <Problem error={new Error(problem)} />}
      {check?.problem != null && problem === null && <Problem error={new Error(check.problem.message)} />}
    </form>
  );
}

function Chips({ where, check, onSearch }: SearchBoxProps) {
  if (where === "") return null;
  if (check === null || !check.valid || check.chips.length === 0) return <code class="chip">{where}</code>;
  return (
    <>
      {check.chips.map((chip, index) => (
        <span key={chip.long} class={`chip ${chip.negated ? "negated" : ""}`} title={chip.long}>
          {chip.text}
          <button type="button" aria-label={`remove ${chip.text}`} onClick={() => onSearch(withoutChip(check, index))}>
            ×
          </button>
        </span>
      ))}
    </>
  );
}
