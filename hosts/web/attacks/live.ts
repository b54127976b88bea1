/**
 * The live stream: the browser's own event source, which takes up a broken stream by itself. The list asks again when
 * the stream tells of new records, so that what is shown is always what the search finds.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { addressOf } from "../../postanalytics/api/client.ts";

/** Least time between two questions to the server, however much comes. */
const PAUSE_MS = 1500;

/** How the stream stands. */
export type LiveState = "off" | "waiting" | "on";

function recordsOf(text: unknown): number {
  if (typeof text !== "string") return 0;
  const summary: unknown = JSON.parse(text);
  if (typeof summary !== "object" || summary === null || !("records" in summary)) return 0;
  return typeof summary.records === "number" ? summary.records : 0;
}

/** @param onNews called after new records, at most once in PAUSE_MS */
export function useLive(isOn: boolean, onNews: () => void): LiveState {
  const [state, setState] = useState<LiveState>("off");
  const told = useRef(onNews);
  told.current = onNews;
  useEffect(() => {
    if (!isOn) {
      setState("off");
      return undefined;
    }
    setState("waiting");
    let timer: ReturnType<typeof setTimeout> | null = null;
    const news = (): void => {
      timer ??= setTimeout(() => {
        timer = null;
        told.current();
      }, PAUSE_MS);
    };
    const source = new EventSource(addressOf("live"));
    source.addEventListener("open", () => setState("on"));
    source.addEventListener("error", () => setState("waiting"));
    source.addEventListener("summary", ({ data }) => {
      if (recordsOf(data) > 0) news();
    });
    return () => {
      source.close();
      if (timer !== null) clearTimeout(timer);
    };
  }, [isOn]);
  return state;
}
