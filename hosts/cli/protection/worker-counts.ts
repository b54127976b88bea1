/**
 * Counts of several workers as those of one host: each tells the first process what it counted for thresholds, and that
 * passes it on to the others. One that is gone or slow costs nobody anything: the others count for themselves.
 */
import cluster, { type Worker } from "node:cluster";
import { z } from "zod";
import { type CountExchange, type Counts, countsSchema } from "../../policy/threshold/exchange.ts";

const KIND = "merlon:counts";
/** Where workers find what their keys are hashed with. */
const SECRET_VARIABLE = "MERLON_COUNT_SECRET";

const messageSchema = z.object({ kind: z.literal(KIND), counts: countsSchema });

/** @returns what a worker must be started with to count together with the others @param secret the same for all */
export function countingEnvironment(secret: string): Record<string, string> {
  return { [SECRET_VARIABLE]: secret };
}

/** In a worker: the way to the others. @returns null in a process that is alone */
export function workerExchange(): CountExchange | null {
  const secret = process.env[SECRET_VARIABLE];
  if (!cluster.isWorker || secret === undefined) return null;
  let isBusy = false;
  return {
    secret,
    tell: (counts) => {
      if (isBusy || !process.connected) return false;
      isBusy = true;
      process.send?.({ kind: KIND, counts }, undefined, {}, () => {
        isBusy = false;
      });
      return true;
    },
    listen: (take) => {
      const hear = (message: unknown): void => {
        const parsed = messageSchema.safeParse(message);
        if (parsed.success) take(parsed.data.counts);
      };
      process.on("message", hear);
      return () => process.off("message", hear);
    },
  };
}

/** In the first process: passes what a worker tells on to the others. */
export function passCountsOn(worker: Worker): void {
  worker.on("message", (message: unknown) => {
    const parsed = messageSchema.safeParse(message);
    if (parsed.success) sendToOthers(worker, parsed.data.counts);
  });
}

/** Workers that have not taken yet what they were sent last: what comes meanwhile is not kept for them. */
const busy = new WeakSet<Worker>();

function sendToOthers(from: Worker, counts: Counts): void {
  for (const worker of Object.values(cluster.workers ?? {})) {
    if (worker === undefined || worker === from || busy.has(worker) || !worker.isConnected()) continue;
    busy.add(worker);
    worker.send({ kind: KIND, counts }, () => busy.delete(worker));
  }
}
