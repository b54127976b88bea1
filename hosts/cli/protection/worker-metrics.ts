/** Numbers of several workers as those of one host: the first process asks all of them, and answers for them. */
import cluster, { type Worker } from "node:cluster";
import { z } from "zod";
import { type Family, familiesSchema } from "../../core/metrics.ts";

const ASK = "merlon:metrics";
/** A worker that is too busy to answer is left out, and its numbers are there the next time. */
const ANSWER_MS = 3000;

const answerSchema = z.object({ kind: z.literal(ASK), families: familiesSchema });

/** In a worker: answers the first process. @returns ends that */
export function answerFirst(collect: () => Family[]): () => void {
  const answer = (message: unknown): void => {
    if (message === ASK) process.send?.({ kind: ASK, families: collect() });
  };
  process.on("message", answer);
  return () => process.off("message", answer);
}

/** In the first process: the families of each worker that answers in time. */
export async function askWorkers(): Promise<Family[][]> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const answers = await Promise.all(workers.map(ask));
  return answers.filter((families) => families !== null);
}

/** Why no worker takes requests; null where one does. */
export function workersReady(): string | null {
  const isUp = Object.values(cluster.workers ?? {}).some((worker) => worker?.isConnected() === true);
  return isUp ? null : "no worker is running";
}

async function ask(worker: Worker): Promise<Family[] | null> {
  return await new Promise((resolve) => {
    const end = (families: Family[] | null): void => {
      clearTimeout(timer);
      worker.off("message", take);
      worker.off("exit", gone);
      resolve(families);
    };
    const gone = (): void => end(null);
    const take = (message: unknown): void => {
      const parsed = answerSchema.safeParse(message);
      if (parsed.success) end(parsed.data.families);
    };
    const timer = setTimeout(gone, ANSWER_MS);
    worker.on("message", take).on("exit", gone);
    if (worker.isConnected()) worker.send(ASK);
    else gone();
  });
}
