/**
 * What is between processes that count the same: each tells what it counted, a few times a second, and adds what it is
 * told. While nobody answers each counts for itself, and nothing waits.
 */
import { z } from "zod";

/** Counts of one key and value: threshold, hash of the key, hash of the value, whether it is enforced, how many. */
const countSchema = z.tuple([
  z.string().max(64),
  z.string().max(64),
  z.int().min(0).max(0xffff_ffff),
  z.boolean(),
  z.int().min(1).max(1_000_000),
]);
/** Counts that are told at once at most; what is more is counted where it happened alone. */
export const COUNTS_TOLD_MAX = 2000;
/** What one process tells the others. */
export const countsSchema = z.array(countSchema).max(COUNTS_TOLD_MAX);
/** See `countsSchema`. */
export type Counts = z.output<typeof countsSchema>;

/** A way to the others. */
export interface CountExchange {
  /** Equal for all that count together: their keys have equal hashes by it. */
  readonly secret: string;
  /** Tells the others; nobody waits for it. @returns false where the way is blocked now: then it is asked again */
  tell(counts: Counts): boolean;
  /** @param take hears of what others counted @returns ends that */
  listen(take: (counts: Counts) => void): () => void;
}
