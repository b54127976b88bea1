/** Spans of time as policies write them: `30s`, `10m`, `4h`, `1d`. */
import { z } from "zod";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** @returns seconds, or undefined where the text is no span of time */
export function parseSeconds(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return unit === "" ? undefined : Number(number) * (UNITS[unit] ?? 0);
}

/** Seconds with the largest unit that leaves a whole number. */
export function secondsText(seconds: number): string {
  for (const unit of ["d", "h", "m"]) {
    const size = UNITS[unit] ?? 1;
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** @returns a schema of spans in seconds @param least seconds @param most seconds */
export function spanSchema(least: number, most: number): z.ZodType<number, string> {
  return z.string().transform((text, context): number => {
    const seconds = parseSeconds(text);
    const range = `${secondsText(least)} to ${secondsText(most)}`;
    if (seconds === undefined) context.addIssue("is no span of time; write one such as 30s, 10m, 4h or 1d");
    else if (seconds < least || seconds > most) context.addIssue(`is out of range; write one from ${range}`);
    return seconds ?? least;
  });
}
