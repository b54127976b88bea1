/** Short messages at the edge of the page: what an action did, with its undo. Errors stay until they are closed. */
import { useEffect, useState } from "preact/hooks";

const SHOWN_MAX = 5;
const SHOWN_MS = 12_000;

/** One message. */
export interface Toast {
  readonly tone: "good" | "bad" | "plain";
  readonly text: string;
  /** A button beside the text; pressing it closes the message. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Shown extends Toast {
  readonly id: number;
}

let shown: readonly Shown[] = [];
let made = 0;
const listeners = new Set<() => void>();

function change(next: readonly Shown[]): void {
  shown = next.slice(-SHOWN_MAX);
  for (const listener of listeners) listener();
}

/** Shows a message. @returns what replaces it: the same message with other words, or nothing */
export function toast(message: Toast): (next: Toast | null) => void {
  const id = ++made;
  change([...shown, { ...message, id }]);
  return (next) => {
    const rest = shown.filter((one) => one.id !== id);
    change(next === null ? rest : [...rest, { ...next, id }]);
  };
}

function close(id: number): void {
  change(shown.filter((one) => one.id !== id));
}

function Line({ id, tone, text, action }: Shown) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held || tone === "bad") return undefined;
    const timer = setTimeout(() => close(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, tone, text, held]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only keeps it from going away.
    <div class={`toast ${tone}`} onMouseEnter={() => setHeld(true)} onMouseLeave={() => setHeld(false)}>
      <span>{text}</span>
      {action !== undefined && (
        <button
          type="button"
          class="link"
          onClick={() => {
            close(id);
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" class="quiet" aria-label="close this message" onClick={() => close(id)}>
        ×
      </button>
    </div>
  );
}

/** Where the messages are shown; once in a page. */
export function Toasts() {
  const [lines, setLines] = useState(shown);
  useEffect(() => {
    const listener = (): void => setLines(shown);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {lines.map((line) => (
        <Line key={line.id} {...line} />
      ))}
    </div>
  );
}
