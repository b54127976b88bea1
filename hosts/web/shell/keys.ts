/**
 * Keys that do something, with what each says in the help. Views announce theirs while they are shown; the one that was
 * announced last has the first say, so that a panel may take `Escape` from the list below it.
 */
import { useEffect, useRef } from "preact/hooks";

/** One key of a view. */
export interface Binding {
  /** As `KeyboardEvent.key`: `j`, `/`, `Escape`. */
  readonly key: string;
  /** What it does, for the help. */
  readonly says: string;
  readonly run: () => void;
}

interface Group {
  readonly title: string;
  current: readonly Binding[];
}

const groups: Group[] = [];

/** Elements that need letters for themselves. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "radio", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** Runs what a key stands for. @returns whether it stood for anything */
export function press(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return false;
  if (isTyping(event.target) && event.key !== "Escape") return false;
  // A panel holds the keys as it holds the focus; what `Escape` does there is the browser's.
  if (document.querySelector("dialog[open]") !== null) return false;
  for (const { current } of groups.toReversed()) {
    const binding = current.find(({ key }) => key === event.key);
    if (binding === undefined) continue;
    event.preventDefault();
    binding.run();
    return true;
  }
  return false;
}

/** Every key that does something now, by view, the innermost view first. */
export function boundKeys(): readonly { readonly title: string; readonly bindings: readonly Binding[] }[] {
  return groups
    .toReversed()
    .filter(({ current }) => current.length > 0)
    .map(({ title, current }) => ({ title, bindings: current }));
}

/** Announces keys for as long as the calling component is shown. */
export function useKeys(title: string, bindings: readonly Binding[]): void {
  const group = useRef<Group | null>(null);
  group.current ??= { title, current: bindings };
  group.current.current = bindings;
  useEffect(() => {
    const mine = group.current;
    if (mine === null) return undefined;
    groups.push(mine);
    return () => {
      groups.splice(groups.indexOf(mine), 1);
    };
  }, []);
}
