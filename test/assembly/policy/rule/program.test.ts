/** Programs: what is open stays open until it is known, and then nothing changes it. */
import { expect, test } from "vitest";
import { Core } from "../../core.ts";
import { NOW, useObjects } from "../../policy-image.ts";

const core = new Core("checked");
const JSON_HEAD = [
  [":method", "POST"],
  [":path", "/p"],
  ["content-type", "application/json"],
] as const;

/** The line after the head, after each piece, and at the end. */
function linesOf(when: string, ...pieces: string[]): string[] {
  useObjects(core, {}, { rules: [{ name: "r", when, type: "rce" }] });
  const handle = core.begin("", NOW);
  core.pairs("tx_head", handle, JSON_HEAD);
  const lines = [core.line(handle)];
  for (const piece of pieces) {
    core.piece("tx_body", handle, Buffer.from(piece));
    lines.push(core.line(handle));
  }
  core.end(handle);
  lines.push(core.line(handle));
  core.free(handle);
  return lines;
}

const isFound = (line: string): boolean => line.includes("rule-r@");

test.each([
  ['path == "/p" || body.contains("x")', [true, true, true, true]],
  ['path == "/q" && body.contains("x")', [false, false, false, false]],
  ['point["post.**"].exists(v, v == "yes")', [false, false, true, true]],
  ['!point["post.**"].exists(v, v == "no")', [false, false, false, true]],
  ['!point["post.**"].exists(v, v == "yes")', [false, false, false, false]],
  ['!(path == "/q") && !body.contains("zz")', [false, false, false, true]],
  ['path == "/p" ? point["post.**"].exists(v, v == "yes") : true', [false, false, true, true]],
])("%s", (when, found) => {
  expect(linesOf(when, '{"a":"y', 'es","b":"x"}').map(isFound)).toEqual(found);
});
