/** Times and spans of time of expressions, in nanoseconds, as CEL writes and bounds them. */

const NANOS = 1_000_000_000n;
const NANOS_PER_MS = 1_000_000n;
/** Units of durations, in nanoseconds. */
const UNITS: Readonly<Record<string, bigint>> = {
  h: 3600n * NANOS,
  m: 60n * NANOS,
  s: NANOS,
  ms: NANOS_PER_MS,
  us: 1000n,
  ns: 1n,
};
/** Ten thousand years (google.protobuf.Duration). */
const DURATION_MAX = 315_576_000_000n * NANOS;
/** The years 1 to 9999 (google.protobuf.Timestamp). */
const TIMESTAMP_MIN = -62_135_596_800n * NANOS;
const TIMESTAMP_MAX = 253_402_300_800n * NANOS - 1n;

/** Whether nanoseconds are a duration that CEL has. */
export function isDuration(nanos: bigint): boolean {
  return nanos <= DURATION_MAX && nanos >= -DURATION_MAX;
}

/** Whether nanoseconds since 1970 are a time that CEL has. */
export function isTimestamp(nanos: bigint): boolean {
  return nanos >= TIMESTAMP_MIN && nanos <= TIMESTAMP_MAX;
}

/** @param text such as `24h`, `1h30m`, `1.5s`, `-10ms` @returns nanoseconds, or undefined where it is no duration */
export function parseDuration(text: string): bigint | undefined {
  const parts = /^([+-]?)((?:\d{1,19}(?:\.\d{1,9})?(?:h|ms|us|ns|m|s))+)$/.exec(text);
  if (parts === null) return text === "0" ? 0n : undefined;
  let nanos = 0n;
  for (const [, whole = "0", part = "", unit = "s"] of (parts[2] ?? "").matchAll(
    /(\d+)(?:\.(\d+))?(h|ms|us|ns|m|s)/g,
  )) {
    const scale = UNITS[unit] ?? 1n;
    nanos += BigInt(whole) * scale + (BigInt(part || "0") * scale) / 10n ** BigInt(part.length);
  }
  if (parts[1] === "-") nanos = -nanos;
  return isDuration(nanos) ? nanos : undefined;
}

/** @param text as RFC 3339 has it @returns nanoseconds since 1970, or undefined where it is no time */
export function parseTimestamp(text: string): bigint | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/.exec(text);
  if (parts === null) return undefined;
  const [, day = "", clock = "", part = "", sign, hours = "0", minutes = "0"] = parts;
  const ms = Date.parse(`${day}T${clock}Z`);
  // Days that a month does not have are carried over by some readers.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== `${day}T${clock}`) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = BigInt(Number(hours) * 60 + Number(minutes)) * (UNITS["m"] ?? 0n) * (sign === "-" ? -1n : 1n);
  const nanos = BigInt(ms) * NANOS_PER_MS + BigInt(part.padEnd(9, "0")) - offset;
  return isTimestamp(nanos) ? nanos : undefined;
}

/** Milliseconds since 1970 as nanoseconds. */
export function nanosOfMs(ms: number): bigint {
  return BigInt(Math.trunc(ms)) * NANOS_PER_MS;
}

/** Nanoseconds since 1970 as whole seconds, rounded down. */
export function secondsOfNanos(nanos: bigint): bigint {
  return nanos / NANOS - (nanos < 0n && nanos % NANOS !== 0n ? 1n : 0n);
}
