/** One line for each request that matched, as `merlon protect` prints it; a flood is told as a number. */
import type { VerdictEvent } from "../../core/inspection.ts";
import { showBytes } from "../text.ts";

const LINES_PER_SECOND_MAX = 20;
const METHOD_CHARS_MAX = 16;
const PATH_CHARS_MAX = 80;
const POINT_CHARS_MAX = 60;

/** @returns time, attack types, request, point, what was done, reference, and the time that Merlon took */
export function verdictLine(event: VerdictEvent): string {
  const { verdict, startedAt, addedMicros } = event;
  const time = new Date(startedAt).toISOString().slice(11, 19);
  const types = [...new Set(verdict.matches.map(({ type }) => type))].join(",");
  const request = `${latin1(event.method, METHOD_CHARS_MAX)} ${latin1(event.path, PATH_CHARS_MAX)}`;
  const point = latin1(verdict.matches[0]?.point ?? "", POINT_CHARS_MAX);
  const took = `${(addedMicros / 1000).toFixed(2)} ms`;
  return [time, types.padEnd(6), request, point, outcome(event), event.ref, took].filter(Boolean).join("  ");
}

function outcome({ verdict, status, watched }: VerdictEvent): string {
  if (verdict.failed) return "not inspected";
  if (watched) return verdict.action === "block" || verdict.wouldAction === "block" ? "would block" : "noticed";
  if (verdict.action === "block") return status === 0 ? "cut off" : "blocked";
  return verdict.wouldAction === "block" ? "would block" : "noticed";
}

/** What the client wrote, one byte a character. */
function latin1(text: string, charsMax: number): string {
  return showBytes(Buffer.from(text, "latin1"), charsMax);
}

/** Prints lines, at most so many a second; the rest is counted and told with the next second. */
export class VerdictLines {
  readonly #print: (line: string) => void;
  readonly #nowMs: () => number;
  #second = 0;
  #printed = 0;
  #hidden = 0;

  constructor(print: (line: string) => void, nowMs: () => number = Date.now) {
    this.#print = print;
    this.#nowMs = nowMs;
  }

  add(event: VerdictEvent): void {
    if (event.verdict.matches.length === 0 && !event.verdict.failed && event.verdict.action === "pass") return;
    this.print(() => verdictLine(event));
  }

  /** Prints a line, or counts it where there were too many in this second. */
  print(line: () => string): void {
    const second = Math.floor(this.#nowMs() / 1000);
    if (second !== this.#second) this.flush();
    this.#second = second;
    if (this.#printed >= LINES_PER_SECOND_MAX) this.#hidden++;
    else {
      this.#printed++;
      this.#print(line());
    }
  }

  /** Tells how many lines were left out. */
  flush(): void {
    if (this.#hidden > 0) this.#print(`          and ${this.#hidden} more in that second`);
    this.#printed = 0;
    this.#hidden = 0;
  }
}
