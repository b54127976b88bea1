/**
 * The stretch of time that a view shows, as the address writes it: `24h` for the last day, or two moments,
 * `2026-11-20T00:00/2026-11-21T00:00` in the browser's time zone.
 */

/** Milliseconds since 1970; `to` is not part of it. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** What the picker offers, shortest first. */
export const WINDOWS = [
  ["15m", "15 minutes"],
  ["1h", "hour"],
  ["6h", "6 hours"],
  ["24h", "24 hours"],
  ["7d", "7 days"],
  ["30d", "30 days"],
] as const;
/** What is shown where the address says nothing. */
export const WINDOW_DEFAULT = "24h";

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LAST = /^([1-9]\d{0,3})([mhd])$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/;

/** Whether the window moves with the clock. */
export function isMoving(text: string): boolean {
  return LAST.test(text);
}

/** @returns null where the text is no window, or one that ends before it begins */
export function readWindow(text: string, now: number): TimeWindow | null {
  const [, count, unit = ""] = LAST.exec(text) ?? [];
  if (count !== undefined) return { from: now - Number(count) * (UNIT_MS[unit] ?? 0), to: now };
  const [from = "", to = "", ...more] = text.split("/");
  if (!MOMENT.test(from) || !MOMENT.test(to) || more.length > 0) return null;
  const window = { from: Date.parse(from), to: Date.parse(to) };
  return window.from < window.to ? window : null;
}

/** A window in words: `last 24 hours`. */
export function windowText(text: string): string {
  const known = WINDOWS.find(([value]) => value === text);
  if (known !== undefined) return `last ${known[1]}`;
  if (isMoving(text)) return `last ${text}`;
  return text.replace("/", " – ").replaceAll("T", " ");
}

/** Two moments as the address writes a window. */
export function writeWindow({ from, to }: TimeWindow): string {
  return `${localMoment(from)}/${localMoment(to)}`;
}

/** A moment as the browser's date inputs write it. */
export function localMoment(at: number): string {
  const offset = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offset).toISOString().slice(0, 19);
}
