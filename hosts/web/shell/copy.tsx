/** A button that puts text onto the clipboard and says that it did. */
import { useState } from "preact/hooks";
import { toast } from "./toasts.tsx";

const SAID_MS = 1500;

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS, or where the browser asks and the person says no.
    return false;
  }
}

/** @param text what is copied, made when the button is pressed */
export function Copy({ label, text }: { readonly label: string; readonly text: () => string }) {
  const [isDone, setIsDone] = useState(false);
  const press = async (): Promise<void> => {
    if (!(await copy(text()))) {
      toast({ tone: "bad", text: "The browser does not give access to the clipboard: select the text and copy it." });
      return;
    }
    setIsDone(true);
    setTimeout(() => setIsDone(false), SAID_MS);
  };
  return (
    <button type="button" class="copy" onClick={() => void press()}>
      {isDone ? "copied" : label}
    </button>
  );
}
