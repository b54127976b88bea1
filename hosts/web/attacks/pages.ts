/** A list that comes in parts: the first is asked for again when there is news, older ones are added when asked for. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/** Lines that are kept on the page at most: beyond them a search is the better way. */
const ITEMS_MAX = 2000;

interface Identified {
  readonly id: string;
}

/** A part of a list. */
export interface Part<T> {
  readonly items: readonly T[];
  /** Where the next part begins; null at the end. */
  readonly next: string | null;
}

/** A list as far as it is there. */
export interface Pages<T> {
  readonly items: readonly T[] | null;
  readonly error: unknown;
  readonly isLoading: boolean;
  /** Whether there is more, and room for it. */
  readonly hasMore: boolean;
  readonly isFull: boolean;
  /** Adds the next part. */
  readonly more: () => void;
  /** Asks for the first part again and keeps what is older. */
  readonly refresh: () => void;
}

interface Kept<T> {
  readonly items: readonly T[] | null;
  readonly next: string | null;
  readonly error: unknown;
  readonly isLoading: boolean;
}

/**
 * @param question says when to begin anew: equal text, equal question
 * @param load asks for the part at a cursor; null for the first
 */
export function usePages<T extends Identified>(
  question: string,
  load: (cursor: string | null) => Promise<Part<T>>,
): Pages<T> {
  const [kept, setKept] = useState<Kept<T>>({ items: null, next: null, error: null, isLoading: true });
  const asked = useRef(load);
  asked.current = load;
  const round = useRef(0);
  const ask = useCallback(async (cursor: string | null, isFresh: boolean): Promise<void> => {
    const mine = ++round.current;
    setKept((before) => ({ ...before, isLoading: true }));
    try {
      const part = await asked.current(cursor);
      if (mine !== round.current) return;
      setKept((before) => ({ ...joined(before, part, cursor === null, isFresh), error: null, isLoading: false }));
    } catch (error) {
      if (mine === round.current) setKept((before) => ({ ...before, error, isLoading: false }));
    }
  }, []);
  // The question stands for everything that `load` reads.
  useEffect(() => void ask(null, true), [question, ask]);
  const count = kept.items?.length ?? 0;
  return {
    items: kept.items,
    error: kept.error,
    isLoading: kept.isLoading,
    hasMore: kept.next !== null && count < ITEMS_MAX,
    isFull: kept.next !== null && count >= ITEMS_MAX,
    more: () => {
      if (kept.next !== null && !kept.isLoading) void ask(kept.next, false);
    },
    refresh: () => void ask(null, false),
  };
}

/** @param isFresh true where nothing of before is an answer to the question */
function joined<T extends Identified>(before: Kept<T>, part: Part<T>, isFirst: boolean, isFresh: boolean) {
  if (isFresh || before.items === null) return { items: part.items, next: part.next };
  const ids = new Set(part.items.map(({ id }) => id));
  const others = before.items.filter(({ id }) => !ids.has(id));
  if (!isFirst) return { items: [...others, ...part.items], next: part.next };
  return { items: [...part.items, ...others].slice(0, ITEMS_MAX), next: others.length > 0 ? before.next : part.next };
}
