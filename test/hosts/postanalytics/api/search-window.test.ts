/** Windows of searches. */
import { expect, test } from "vitest";
import { previewSearch, searchOf, windowOf } from "../../../../hosts/postanalytics/api/search-window.ts";

const DAY = 86_400_000;
const NOW = 100 * DAY;

test.each([
  [{}, { from: NOW + 1 - DAY, to: NOW + 1 }],
  [{ from: 5 }, { from: 5, to: NOW + 1 }],
  [{ to: 50 * DAY }, { from: 49 * DAY, to: 50 * DAY }],
  [
    { from: 5, to: 6 },
    { from: 5, to: 6 },
  ],
])("%j is %j", (asked, window) => expect(windowOf(asked, NOW)).toEqual(window));

test("a window has a length", () => expect(() => windowOf({ from: 6, to: 6 }, NOW)).toThrow(/not before/));

test("a search never forgets whose it is", () => {
  const who = { tenants: ["shop"] };
  expect(searchOf({ from: 1, to: 2, where: "x" }, who, NOW)).toEqual({
    window: { from: 1, to: 2 },
    where: "x",
    tenants: ["shop"],
  });
  expect(previewSearch({ from: 1, to: 2 }, who)).toEqual({ window: { from: 1, to: 2 }, where: "", tenants: ["shop"] });
});
