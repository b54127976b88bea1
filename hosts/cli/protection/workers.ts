/**
 * The same command in several processes on one port. The first process keeps the port and the others; it takes no
 * traffic itself. A worker that ends unasked is started again, at most so often that a broken one does not spin.
 */
import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { countingEnvironment, passCountsOn } from "./worker-counts.ts";

/** More than these gain nothing: Envoy has one connection for each of its own threads. */
export const WORKERS_MAX = 64;
const RESTART_MS = 1000;
/** The exit code by which a worker says that its configuration is wrong and another would end in the same way. */
const WRONG = 2;

/** One core is left to Envoy, which is nearly always on the same machine. */
export function defaultWorkers(cores: number = availableParallelism()): number {
  return Math.max(1, Math.min(cores - 1, 8));
}

/** Where a worker finds its place among the others: a restarted one takes that of the one before. */
const PLACE_VARIABLE = "MERLON_WORKER";

/** @returns this worker's place, from 1; 0 where the process is not one of several */
export function workerPlace(): number {
  const place = Number(process.env[PLACE_VARIABLE] ?? 0);
  return isWorker() && Number.isInteger(place) ? place : 0;
}

/** Whether this process is one of several workers. */
export function isWorker(): boolean {
  return cluster.isWorker;
}

/** Whether this process speaks for all of them. */
export function isFirst(): boolean {
  return !cluster.isWorker || cluster.worker?.id === 1;
}

/** A worker is done: what ties it to the first process would keep it alive. */
export function leave(): void {
  cluster.worker?.disconnect();
}

/**
 * Keeps `count` workers until a signal to end; passes SIGHUP on to them.
 * @returns the exit code: that of a worker which could not start, else 0
 */
export async function keepWorkers(count: number, say: (line: string) => void): Promise<number> {
  const ending = new AbortController();
  const together = countingEnvironment(randomBytes(16).toString("base64url"));
  const workers = new Set<Worker>();
  const places = new Map<Worker, number>();
  let failed = 0;
  const start = (): void => {
    const taken = new Set(places.values());
    let place = 1;
    while (taken.has(place)) place++;
    const worker = cluster.fork({ [PLACE_VARIABLE]: String(place), ...together });
    passCountsOn(worker);
    places.set(worker, place);
    let listening = false;
    workers.add(worker);
    worker.once("listening", () => {
      listening = true;
      // Once one could have the port the others can: so an error is told once.
      while (workers.size < count && !ending.signal.aborted) start();
    });
    worker.once("exit", (code) => {
      workers.delete(worker);
      places.delete(worker);
      if (ending.signal.aborted) return;
      if (code === WRONG || !listening) {
        failed = code || 1;
        ending.abort();
        return;
      }
      say(`a worker ended with ${code}; another is started`);
      setTimeout(() => {
        if (!ending.signal.aborted && workers.size < count) start();
      }, RESTART_MS);
    });
  };
  const passOn = (): void => {
    for (const worker of workers) worker.process.kill("SIGHUP");
  };
  const stop = (signal: NodeJS.Signals): void => {
    // A second signal is passed on as well: workers then end at once.
    ending.abort();
    // Ctrl-C at a terminal has reached the workers too.
    if (signal === "SIGINT" && process.stderr.isTTY === true) return;
    for (const worker of workers) worker.process.kill(signal);
  };
  process.on("SIGHUP", passOn).on("SIGINT", stop).on("SIGTERM", stop);
  start();
  await new Promise<void>((resolve) => ending.signal.addEventListener("abort", () => resolve()));
  if (failed !== 0) for (const worker of workers) worker.process.kill("SIGTERM");
  while (workers.size > 0) {
    const [worker] = workers;
    await new Promise<void>((resolve) => (worker === undefined ? resolve() : worker.once("exit", () => resolve())));
  }
  process.off("SIGHUP", passOn).off("SIGINT", stop).off("SIGTERM", stop);
  return failed;
}
