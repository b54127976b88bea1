/** Dates of policies: RFC 3339 as text, seconds since 1970 inside. */
import { z } from "zod";

/** Seconds of the year 2100: later than anything in a policy is meant to live, and well within 32 bits. */
const LATEST_SECONDS = 4_102_444_800;

/** A day, or a second with its time zone; a day begins at midnight UTC. */
export const dateSchema = z.string().transform((text, context): number => {
  const form = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
  const seconds = form.test(text) ? Math.floor(Date.parse(text) / 1000) : Number.NaN;
  if (Number.isNaN(seconds)) context.addIssue("is no date; write one such as 2027-02-01 or 2027-02-01T00:00:00Z");
  else if (seconds < 0 || seconds > LATEST_SECONDS) context.addIssue("is out of range; write a date before 2100");
  return seconds;
});

/** Seconds since 1970 as a date. */
export function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
