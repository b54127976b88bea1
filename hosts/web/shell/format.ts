/** Numbers and times as people read them, in one place, so that the same thing looks the same everywhere. */

const COUNT = new Intl.NumberFormat("en-GB");
const SHORT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });
const SHARE = new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: 1 });

/** `12,345`. */
export function countText(count: number): string {
  return COUNT.format(count);
}

/** `12.3k`, for where there is no room. */
export function shortCount(count: number): string {
  return count < 10_000 ? COUNT.format(count) : SHORT.format(count).toLowerCase();
}

/** `12.5%`; a dash where there is nothing to have a share of. */
export function shareText(part: number, whole: number): string {
  return whole === 0 ? "–" : SHARE.format(part / whole);
}

/** `1 record`, `2 records`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${COUNT.format(count)} ${count === 1 ? one : many}`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `2026-11-21`, in the browser's time zone. */
export function dayText(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `14:03:59`, in the browser's time zone. */
export function clockText(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The clock for today, the day for what is older. */
export function momentText(at: number, now: number): string {
  return dayText(at) === dayText(now) ? clockText(at) : `${dayText(at).slice(5)} ${clockText(at).slice(0, 5)}`;
}

/** Everything about a moment, for a tooltip: the browser's time and UTC. */
export function exactTime(at: number): string {
  return `${dayText(at)} ${clockText(at)} · ${new Date(at).toISOString()}`;
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const;

/** A length of time in its two largest units: `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  let rest = ms;
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** How long something took: `380 ms`, `1.4 s`. */
export function tookText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `3 min ago`, `in 29 d`. */
export function agoText(at: number, now: number): string {
  const ms = Math.abs(now - at);
  const [size, name] = UNITS.find(([least]) => ms >= least) ?? [1000, "s"];
  const count = `${Math.floor(ms / size)} ${name}`;
  if (ms < 1000) return "now";
  return at <= now ? `${count} ago` : `in ${count}`;
}

/** `1.4 ms`, `380 µs`. */
export function microsText(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  return micros < 1_000_000 ? `${(micros / 1000).toFixed(1)} ms` : `${(micros / 1_000_000).toFixed(1)} s`;
}

/** `1.5 KiB`. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit] ?? ""}`;
}
