/** Times as people write them on the command line: `90s`, `10m`, `4h`, `90d`. */
import { usage } from "../command.ts";
import { showWord } from "../text.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DAYS_MAX = 3650;

/**
 * @param flag that it came by
 * @param longest milliseconds that are taken
 * @returns milliseconds
 * @throws MerlonError MERLON_USAGE
 */
export function durationOf(text: string, flag: string, longest: number = DAYS_MAX * 86_400_000): number {
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] ?? 0);
  if (milliseconds > 0 && milliseconds <= longest) return milliseconds;
  const most = longest >= 86_400_000 ? `${longest / 86_400_000} days` : `${longest / 60_000} minutes`;
  throw usage(`--${flag} is "${showWord(text)}"`, `it takes a time up to ${most}`, "write one such as 90s, 10m or 4h");
}
