/** Waiting for a signal, and ending in two steps; the second step is in ../protect.test.ts. */
import { expect, test } from "vitest";
import { drain, untilSignal } from "../../../../hosts/cli/protection/running.ts";

test("SIGHUP reads the policy, the first signal ends the wait", async () => {
  let checks = 0;
  const keeper = {
    check: async () => {
      checks++;
    },
  };
  const waiting = untilSignal(() => {}, keeper);
  process.emit("SIGHUP");
  process.emit("SIGTERM");
  await waiting;
  process.emit("SIGHUP");
  expect(checks).toBe(1);
});

test("what is in progress may finish, and no one listens for signals after that", async () => {
  const before = process.listenerCount("SIGTERM");
  await drain(() => Promise.resolve());
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
