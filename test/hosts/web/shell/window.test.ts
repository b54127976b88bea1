/** Stretches of time as the address writes them. */
import { expect, test } from "vitest";
import { isMoving, localMoment, readWindow, windowText, writeWindow } from "../../../../hosts/web/shell/window.ts";

const NOW = Date.UTC(2026, 10, 21, 12);

test.each([
  ["15m", 15 * 60_000],
  ["24h", 86_400_000],
  ["30d", 30 * 86_400_000],
])("%s ends now", (text, ms) => {
  expect(readWindow(text, NOW)).toEqual({ from: NOW - ms, to: NOW });
  expect(isMoving(text)).toBe(true);
});

test.each([
  "",
  "0h",
  "24",
  "99999d",
  "24w",
  "a/b",
  "2026-11-21T00:00",
  "2026-11-21T00:00/2026-11-20T00:00",
  "1h/2h/3h",
])("%j is no window", (text) => expect(readWindow(text, NOW)).toBeNull());

test("two moments are written and read in the browser's time zone", () => {
  const window = { from: NOW - 7_200_000, to: NOW };
  expect(readWindow(writeWindow(window), 0)).toEqual(window);
  expect(Date.parse(localMoment(NOW))).toBe(NOW);
  expect(isMoving(writeWindow(window))).toBe(false);
});

test("windows in words", () => {
  expect(windowText("24h")).toBe("last 24 hours");
  expect(windowText("3h")).toBe("last 3h");
  expect(windowText("2026-11-20T00:00/2026-11-21T00:00")).toBe("2026-11-20 00:00 – 2026-11-21 00:00");
});
