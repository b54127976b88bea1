/** Header values that were looked at before: passed over only where the second look could show nothing new. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { ATTACK, ask } from "../requests.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";

const NAME = 7;

function isKnown(core: Core, name: number, value: string): boolean {
  const known = core.call("isKnownValue")(name, put(core, bytesOf(value)), value.length) === 1;
  dropAll(core);
  return known;
}

function remember(core: Core, name: number, value: string): void {
  expect(isKnown(core, name, value)).toBe(false);
  core.call("rememberValue")(name, put(core, bytesOf(value)), value.length, 0);
  dropAll(core);
}

test("a value is known by its name and all its bytes", () => {
  const core = new Core("test");
  remember(core, NAME, "text/html, */*;q=0.8");
  expect(isKnown(core, NAME, "text/html, */*;q=0.8")).toBe(true);
  expect(isKnown(core, NAME + 1, "text/html, */*;q=0.8")).toBe(false);
  expect(isKnown(core, NAME, "text/html, */*;q=0.9")).toBe(false);
  expect(isKnown(core, NAME, "text/html, */*;q=0.")).toBe(false);
});

test("values of any size up to the longest are remembered, longer ones are not", () => {
  const core = new Core("test");
  for (let size = 1; size <= 240; size++) remember(core, size, "a".repeat(size));
  expect(isKnown(core, 240, "a".repeat(240))).toBe(true);
  remember(core, NAME, "a".repeat(241));
  expect(isKnown(core, NAME, "a".repeat(241))).toBe(false);
});

test("what an instance saw before never shows in an answer", () => {
  const used = new Core("checked");
  const values = ["text/html", "en-GB,en;q=0.7", ATTACK, `text/html, ${ATTACK}`, "() { :;}; /bin/id", "a".repeat(300)];
  for (let round = 0; round < 3; round++) {
    for (const name of ["accept", "accept-language", "user-agent", "sec-ch-ua", "x-anything"]) {
      for (const value of values) {
        const request = { fields: [[name, value]] } as const;
        expect(ask(used, request).line, `${name}: ${value}`).toBe(ask(new Core("checked"), request).line);
      }
    }
  }
});
