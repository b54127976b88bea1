/** What the API takes and answers about readiness to block; see schema.ts. */
import { z } from "zod";
import { MODES } from "../../core/verdict.ts";

const count = z.int().min(0);
const timeMs = z.int().min(0).max(8.64e15);

/** What is asked about. */
export const readinessQuery = z.strictObject({
  app: z.string().max(64).optional(),
  host: z.string().max(260).optional(),
  /** Begin of the path, whole segments. */
  path: z.string().max(1024).startsWith("/", "does not begin with a slash; write it as requests do").optional(),
  /** Days to look back. */
  days: z.coerce.number<number>().int().min(1).max(90).default(14),
});

/** The answer; Readiness of rollout/readiness.ts. */
export const readinessSchema = z.object({
  verdict: z.enum(["ready", "not_yet", "too_little", "blocking"]),
  reasons: z.array(z.string()),
  /** The mode that counts for the scope now. */
  mode: z.enum(MODES),
  scope: z.object({ app: z.string().nullable(), host: z.string().nullable(), path: z.string().nullable() }),
  from: timeMs,
  to: timeMs,
  observedHours: z.number().min(0),
  traffic: z.object({ calls: count, since: timeMs.nullable(), endpoints: count, uncalled: count }),
  /** Of nodes that tell, since they began; null where none does or the asker sees some applications only. */
  coverage: z.object({ requests: count, inspected: count }).nullable(),
  wouldBlock: count,
  clients: count,
  toLookAt: count,
  complete: z.boolean(),
  groups: z.array(
    z.object({
      type: z.string(),
      host: z.string(),
      method: z.string(),
      path: z.string(),
      point: z.string(),
      requests: count,
      clients: count,
      kept: count,
      authenticated: count,
      succeeded: count,
      alone: count,
      standing: z.enum(["attack", "true_attack", "excepted", "suspect", "false_positive"]),
      reasons: z.array(z.string()),
      record: z.string(),
      first: timeMs,
      last: timeMs,
      /** A search that finds its records. */
      where: z.string(),
    }),
  ),
  /** Text of a policy's scope that sets mode block for this scope alone. */
  patch: z.string(),
});
