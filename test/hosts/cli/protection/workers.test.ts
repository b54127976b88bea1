/** Workers: how many, and what a process says that is none. That they share a port is in ../extproc.test.ts. */
import { expect, test } from "vitest";
import { defaultWorkers, isFirst, isWorker, leave } from "../../../../hosts/cli/protection/workers.ts";

test.each([
  [1, 1],
  [2, 1],
  [4, 3],
  [64, 8],
])("%i cores: %i workers, since Envoy needs one", (cores, workers) => {
  expect(defaultWorkers(cores)).toBe(workers);
});

test("a process of its own is no worker, and speaks for itself", () => {
  leave();
  expect([isWorker(), isFirst()]).toEqual([false, true]);
});
