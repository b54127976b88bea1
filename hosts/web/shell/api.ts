/**
 * The page's one client of the API, and what every answer tells the page as a whole: that nobody is signed in any more,
 * and whether the console can be reached.
 */
import { useEffect, useState } from "preact/hooks";
import { ApiError, type Client, createClient } from "../../postanalytics/api/client.ts";

export { ApiError } from "../../postanalytics/api/client.ts";

/** Events on `window`: the session is over; whether the server answers has changed. */
export const SIGNED_OUT = "merlon-signed-out";
const REACH_CHANGED = "merlon-reach";

let reachable = true;

function setReachable(next: boolean): void {
  if (next === reachable) return;
  reachable = next;
  dispatchEvent(new Event(REACH_CHANGED));
}

const client = createClient({});

async function noted<T>(answer: Promise<T>): Promise<T> {
  try {
    const value = await answer;
    setReachable(true);
    return value;
  } catch (error) {
    if (error instanceof ApiError) {
      setReachable(error.status !== 0);
      if (error.status === 401) dispatchEvent(new Event(SIGNED_OUT));
    }
    throw error;
  }
}

/** The API as the person who is signed in. */
export const api: Client = {
  call: (name, asked) => noted(client.call(name, asked)),
  open: (name, query, signal) => noted(client.open(name, query, signal)),
};

/** Whether the last call was answered at all. */
export function useReachable(): boolean {
  const [is, setIs] = useState(reachable);
  useEffect(() => {
    const follow = (): void => setIs(reachable);
    addEventListener(REACH_CHANGED, follow);
    return () => removeEventListener(REACH_CHANGED, follow);
  }, []);
  return is;
}

/** Why a call failed, for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
