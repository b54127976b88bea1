/** The end of a server in two steps: no more is taken, and what is in progress may finish in the time it is given. */

/** What a server can do towards its end. */
export interface Closable {
  /** Takes no more, and says so to those who are connected. */
  readonly refuse: () => void;
  /** Resolves when nothing is in progress. */
  readonly empty: () => Promise<void>;
  /** Cuts what is in progress. */
  readonly cut: () => void;
  /** Gives back what the server held. */
  readonly release: () => void;
}

/** @returns the server's `close`: with milliseconds for what is in progress; who calls it again joins the first call */
export function closer({ refuse, empty, cut, release }: Closable): (graceMs: number) => Promise<void> {
  let closing: Promise<void> | null = null;
  const close = async (graceMs: number): Promise<void> => {
    refuse();
    const timer = setTimeout(cut, graceMs);
    await empty();
    clearTimeout(timer);
    release();
  };
  return (graceMs) => {
    closing ??= close(graceMs);
    return closing;
  };
}
