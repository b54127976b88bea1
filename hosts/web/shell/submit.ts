/** A form's way to the server: busy while it is on its way, and what was wrong with it. */
import { useState } from "preact/hooks";
import { toast } from "./toasts.tsx";

/** How a form stands. */
export interface Submit {
  readonly isBusy: boolean;
  /** Why the last try failed; null where it did not. */
  readonly problem: unknown;
  readonly onSubmit: (event: SubmitEvent) => void;
}

/** The fields of a form as texts; those that are not there are empty. */
export type Fields = (name: string) => string;

/** @param run asks the server; where it resolves to true, the form is emptied */
export function useSubmit(run: (fields: Fields) => Promise<boolean>): Submit {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const entered = new FormData(form);
    const fields = (name: string): string => {
      const value = entered.get(name);
      return typeof value === "string" ? value : "";
    };
    setIsBusy(true);
    setProblem(null);
    try {
      if (await run(fields)) form.reset();
    } catch (error) {
      setProblem(error);
    } finally {
      setIsBusy(false);
    }
  };
  return {
    isBusy,
    problem,
    onSubmit: (event) => {
      event.preventDefault();
      if (event.currentTarget instanceof HTMLFormElement) void submit(event.currentTarget);
    },
  };
}

/** Does what a button stands for; where it fails, a message says why. */
export async function attempt(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    toast({ tone: "bad", text: error instanceof Error ? error.message : String(error) });
  }
}
