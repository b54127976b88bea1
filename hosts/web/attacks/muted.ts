/**
 * Lines that a person does not want to see for now. Muting changes nothing but this browser's list: what is muted is
 * still counted, stored and stopped, and the list says how many lines it leaves out.
 */
import { useCallback, useState } from "preact/hooks";

const KEPT_AS = "merlon-muted";
const MUTED_MAX = 500;

function readMuted(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string").slice(-MUTED_MAX) : [];
  } catch {
    return [];
  }
}

/** What is muted, and the ways to change it. */
export interface Muted {
  readonly has: (id: string) => boolean;
  readonly mute: (id: string) => void;
  readonly unmute: (id: string) => void;
  readonly clear: () => void;
}

/** The muted lines of this browser. */
export function useMuted(): Muted {
  const [ids, setIds] = useState<readonly string[]>(readMuted);
  const keep = useCallback((next: readonly string[]): void => {
    setIds(next);
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(next));
    } catch {
      // Muted for as long as the page is open.
    }
  }, []);
  return {
    has: (id) => ids.includes(id),
    mute: (id) => keep([...ids.filter((one) => one !== id), id].slice(-MUTED_MAX)),
    unmute: (id) => keep(ids.filter((one) => one !== id)),
    clear: () => keep([]),
  };
}
