/** Waiting for a signal, and ending in two steps; the second step is in ../protect.test.ts. */
import { expect, test } from "vitest";
import { drain, orClose, untilSignal } from "../../../../hosts/cli/protection/running.ts";

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

test("a start that fails closes what was opened before, in order, and says why it failed", async () => {
  const closed: string[] = [];
  const closers = [async () => closed.push("one"), () => closed.push("two")];
  expect(await orClose(Promise.resolve(7), ...closers)).toBe(7);
  expect(closed).toEqual([]);
  await expect(orClose(Promise.reject(new Error("taken")), ...closers)).rejects.toThrow("taken");
  expect(closed).toEqual(["one", "two"]);
});
