/** Numbers: every form of the grammar, compared as decimals however long they are; what is no number is no JSON. */
import { expect, test } from "vitest";
import { Core } from "../../core.ts";
import { found, hold } from "./held.ts";

const core = new Core("checked");
const LONG = "1".repeat(400);

test.each<[schema: object, right: readonly string[], wrong: readonly string[]]>([
  [
    { type: "integer" },
    ["0", "-0", "7", "1.0", "10e-1", "1.5e1", "1E+2", "120e-1", LONG, "0e-5", "0.000"],
    ["0.5", "1e-1", "15e-2", "-1.01", `${LONG}.1`],
  ],
  [
    { minimum: 1.5, maximum: 20 },
    ["1.5", "15e-1", "1.50", "20", "2e1", "0.2e2", "19.99999999999999999999999", "1.5000000000000000000000001"],
    ["1.4999999999999999999999999", "20.0000000000000000000001", "-2", "0", "2e2", "1e400", LONG],
  ],
  [
    { exclusiveMinimum: -1, exclusiveMaximum: 0 },
    ["-0.5", "-9e-1", "-1e-99999999999", "-0.99999999999999999999"],
    ["-1", "0", "-0", "-10e-1", "-1.00000000000000000000000001"],
  ],
  [
    { type: "integer", format: "int64" },
    ["9223372036854775807", "-9223372036854775808"],
    ["9223372036854775808", "1e19"],
  ],
  [{ type: "integer", format: "int32" }, ["2147483647", "-2147483648"], ["2147483648", "-2147483649"]],
  [{ multipleOf: 0.01 }, ["0.01", "1.5", "7", "1e-2"], ["0.001", "1.555"]],
  [{ enum: [1.5, 0, -3] }, ["1.50", "0.0", "-3e0", "-0"], ["1.51", "3"]],
])("%j", (schema, right, wrong) => {
  expect(hold(core, schema)).toEqual([]);
  for (const text of right) expect(found(core, text), text).toEqual([]);
  for (const text of wrong) expect(found(core, text), text).toEqual(["invalid-field@post.json_doc"]);
});

test.each(["01", "-01", "1.", ".5", "1.e2", "1e", "1e+", "+1", "--1", "-", "0x1", "1_0", "1e1.5", "NaN", "00", "1 2"])(
  "%s is no number",
  (text) => {
    hold(core, { type: "object" });
    expect(found(core, `{"a":${text}}`)).toEqual(["invalid-body@post"]);
  },
);
