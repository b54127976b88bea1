/** Words of a command line, as a shell splits them. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitWords } from "../../../../hosts/cli/explanation/shell-words.ts";

/** What bash makes of a command line, as bytes. */
function asBash(command: string): string[] {
  const script = `printf '%s\\0' ${command}`;
  return execFileSync("bash", ["-c", script], { encoding: "latin1" }).split("\0").slice(0, -1);
}

describe("a command line is split as bash splits it", () => {
  test.each([
    "a b  c\td",
    "'a b' \"c d\"",
    "a'b'\"c\"d",
    "'it'\\''s'",
    '"a \\"b\\" \\\\ \\n c"',
    "a\\ b \\'",
    "one \\\n two",
    '"one \\\ntwo"',
    "''",
    'x "" y',
    "$'a\\nb\\t\\x41\\101\\u00e9\\\\ \\'q\\' \\q'",
    "'größe' é",
    "-H 'Accept: */*' --data-raw '{\"a\": 1}'",
    "$'\\xff\\xfe'",
  ])("%s", (command) => {
    expect(splitWords(command)).toEqual(asBash(command));
  });

  test("whatever is put into single quotes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }).filter((word) => !word.includes("\0"))), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
        expect(splitWords(quoted)).toEqual(words.map((word) => Buffer.from(word, "utf8").toString("latin1")));
      }),
    );
  });
});

test("nothing is expanded", () => {
  expect(splitWords('$HOME `id` $(id) "$HOME" * ~')).toEqual(["$HOME", "`id`", "$(id)", "$HOME", "*", "~"]);
});

test.each(["'a", '"a', "$'a", 'a "b\\"'])("%s is not closed, and the error says so", (command) => {
  expect(() => splitWords(command)).toThrow(/a quote is not closed/);
});
