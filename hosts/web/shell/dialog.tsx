/**
 * A panel over the page, made of the browser's own dialog: it holds the focus, `Escape` closes it, and the focus goes
 * back to where it was.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** What a panel shows. */
export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** At the right edge, as high as the page; else in its middle. */
  readonly isSide?: boolean;
  readonly children: ComponentChildren;
}

/** The panel, open for as long as it is rendered. */
export function Dialog({ title, onClose, isSide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the backdrop is for the pointer; keys have Escape.
    <dialog
      ref={dialog}
      class={isSide ? "side" : "middle"}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <header>
          <h2>{title}</h2>
          <button type="button" class="quiet" aria-label="close" onClick={onClose}>
            ×
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
