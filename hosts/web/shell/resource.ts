/**
 * What a view asks of the server: the answer of before stays until the next is there, so that nothing jumps; an answer
 * that comes too late for its question is dropped.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/** An answer on its way, there, or refused. */
export interface Resource<T> {
  /** The last answer; null before the first. */
  readonly value: T | null;
  /** Why there is no newer answer; null where there is. */
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/**
 * @param question says when to ask again: equal text, equal question
 * @param load rejects with what is shown to the person
 */
export function useResource<T>(question: string, load: () => Promise<T>): Resource<T> {
  const [state, setState] = useState<{ value: T | null; error: unknown; isLoading: boolean }>({
    value: null,
    error: null,
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  const asked = useRef(load);
  asked.current = load;
  // The question stands for everything that `load` reads.
  useEffect(() => {
    let isOver = false;
    setState((before) => ({ ...before, isLoading: true }));
    asked.current().then(
      (value) => {
        if (!isOver) setState({ value, error: null, isLoading: false });
      },
      (error: unknown) => {
        if (!isOver) setState((before) => ({ ...before, error, isLoading: false }));
      },
    );
    return () => {
      isOver = true;
    };
  }, [question, round]);
  return { ...state, reload: useCallback(() => setRound((before) => before + 1), []) };
}
