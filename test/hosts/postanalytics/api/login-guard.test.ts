/** Guessing is slowed down by address, by name from an address, and late by name alone. */
import { describe, expect, test } from "vitest";
import { LoginGuard } from "../../../../hosts/postanalytics/api/login-guard.ts";
import { Clock } from "../access/stage.ts";

function triesUntilStopped(guard: LoginGuard, next: (at: number) => readonly [string, string], most = 5000): number {
  for (let at = 0; at < most; at++) {
    try {
      guard.enter(...next(at));
    } catch {
      return at;
    }
  }
  return most;
}

describe("somebody is stopped", () => {
  test.each<[string, (at: number) => readonly [string, string], number]>([
    ["with one name after five", () => ["192.0.2.1", "admin"], 5],
    ["with the name in other letters as well", (at) => ["192.0.2.1", at % 2 === 0 ? "admin" : "ADMIN"], 5],
    ["with many names after twenty", (at) => ["192.0.2.1", `user${at}`], 20],
    ["with the addresses of one household like one", (at) => [`2001:db8:0:1::${at.toString(16)}`, `user${at}`], 20],
    ["with many addresses and one name after two hundred", (at) => [`10.0.${at >> 8}.${at & 255}`, "admin"], 200],
    ["with many of both, not at all", (at) => [`10.0.${at >> 8}.${at & 255}`, `user${at}`], 5000],
  ])("%s", (_what, next, tries) => expect(triesUntilStopped(new LoginGuard(new Clock().now), next)).toBe(tries));
});

test("a right password forgets, and time does", () => {
  const clock = new Clock();
  const guard = new LoginGuard(clock.now);
  const enter = (): (() => void) => guard.enter("192.0.2.1", "ada");
  for (let i = 0; i < 4; i++) enter();
  enter()();
  for (let i = 0; i < 5; i++) enter();
  expect(enter).toThrow(/too many tries/);
  clock.pass(2000);
  enter();
  expect(enter).toThrow();
  clock.pass(30 * 60_000);
  expect(triesUntilStopped(guard, () => ["192.0.2.1", "ada"])).toBe(5);
});
