/** Places in expressions, as people count them. */
import { expect, test } from "vitest";
import { ExpressionFault, placeText } from "../../../../hosts/policy/expression/fault.ts";

test.each([
  ["abc", 0, "column 1"],
  ["abc\n", 2, "column 3"],
  ["a\nbc", 3, "line 2, column 2"],
  ["😀b", 2, "column 2"],
])("in %j at %i: %s", (text, at, place) => {
  expect(placeText(text, at)).toBe(place);
  expect(new ExpressionFault(text, at, "is wrong — mend it")).toMatchObject({
    at,
    code: "MERLON_EXPRESSION",
    message: `${place}: is wrong — mend it`,
  });
});
