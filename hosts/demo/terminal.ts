/**
 * What the demo says in the terminal: where things are, a line for each attack, keys, and a summary at the end. Lines
 * carry text that clients wrote, so everything is escaped, and a flood is told as a number.
 */
import type { FeedEvent, FeedSummary } from "./feed.ts";

const LINES_PER_SECOND_MAX = 10;

/** Printable ASCII as it is, all else by number: nothing in it can move a cursor or forge a line. */
function plain(text: string, most: number): string {
  const shown = [...text.slice(0, most)].map((c) =>
    c >= " " && c <= "~" ? c : `\\u{${c.codePointAt(0)?.toString(16)}}`,
  );
  return shown.join("");
}

/** One line for one request that matched. */
export function verdictLine(event: FeedEvent): string {
  const time = new Date(event.at).toTimeString().slice(0, 8);
  const types = [...new Set(event.matches.map((match) => match.type))].join(",");
  const done = event.action === "block" ? "blocked" : "would block";
  const point = plain(event.matches[0]?.point ?? "", 48);
  const added = `${(event.addedMicros / 1000).toFixed(2)} ms`;
  const request = `${plain(event.method, 16)} ${plain(event.path, 60)}`;
  return `${time}  ${types.padEnd(14)} ${request}  ${point}  ${done}  ${event.ref}  ${added}`;
}

/** Prints verdict lines, at most so many a second; the rest is counted and told. */
export class VerdictPrinter {
  readonly #print: (line: string) => void;
  #second = 0;
  #printed = 0;
  #hidden = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(event: FeedEvent): void {
    if (event.wouldAction !== "block") return;
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      if (this.#hidden > 0) this.#print(`          … and ${this.#hidden} more; all of them are on the live page`);
      this.#second = second;
      this.#printed = 0;
      this.#hidden = 0;
    }
    if (this.#printed < LINES_PER_SECOND_MAX) {
      this.#printed++;
      this.#print(verdictLine(event));
    } else this.#hidden++;
  }
}

/** Where everything is. */
export interface Places {
  readonly shop: string;
  readonly proxy: string;
  readonly link: string;
  /** Link of the console; null without one. */
  readonly console?: string | null;
  readonly mode: string;
}

/** The lines at the start. */
export function greeting(places: Places, keys: boolean): string {
  const lines = [
    `  demo shop   ${places.shop}   (weak on purpose, this machine only)`,
    `  protected   ${places.proxy}   mode: ${places.mode}`,
    `  live page   ${places.link}   (one-time link)`,
    ...(places.console ? [`  console     ${places.console}   (one-time link)`] : []),
    `  try:  curl '${places.proxy}/?id=or+1=1--a-<script>prompt(1)</script>'`,
    `        npm run -s merlon -- test ${places.proxy}   (when it blocks)`,
  ];
  if (keys) lines.push("  keys: [a] attack me   [b] toggle block   [o] live page   [c] console   [q] quit");
  return lines.join("\n");
}

/** The lines at the end. */
export function farewell(summary: FeedSummary): string {
  const p99 = (summary.addedP99 / 1000).toFixed(2);
  return [
    `  ${summary.requests} requests seen, ${summary.attacks} attacks, ${summary.blocked} blocked, p99 ${p99} ms added`,
    "  next: npm run -s merlon -- protect http://localhost:3000 --mode block",
  ].join("\n");
}
