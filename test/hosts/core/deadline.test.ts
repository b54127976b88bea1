/** The sweep looks at everything watched, again and again, until it is forgotten. */
import { expect, onTestFinished, test } from "vitest";
import { DeadlineSweep } from "../../../hosts/core/deadline.ts";
import { eventually } from "../dataplane/sidecar/stage.ts";

test("asks what it watches at each tick, with a clock that moves", async () => {
  const sweep = new DeadlineSweep(40);
  onTestFinished(() => sweep.stop());
  const times: number[] = [];
  const watched = { check: (nowMs: number) => times.push(nowMs) };
  sweep.watch(watched);
  expect(sweep.size).toBe(1);
  await eventually(() => times.length >= 3);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
  expect(new Set(times).size).toBe(times.length);
  sweep.forget(watched);
  expect(sweep.size).toBe(0);
});

test("goes on with the others when one forgets itself", async () => {
  const sweep = new DeadlineSweep(40);
  onTestFinished(() => sweep.stop());
  let asked = 0;
  const leaving = { check: () => sweep.forget(leaving) };
  sweep.watch(leaving);
  sweep.watch({ check: () => asked++ });
  await eventually(() => asked >= 2);
  expect(sweep.size).toBe(1);
});
