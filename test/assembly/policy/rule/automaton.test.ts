/** Machines in the core give the answers that they give in the hosts, at any cut of the body. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesPattern } from "../../../../hosts/policy/regex/regex.ts";
import { Core } from "../../core.ts";
import { NOW, useObjects } from "../../policy-image.ts";

const core = new Core("checked");
const PATTERNS = ["^ab", "b+c$", "(?m)^a$", "\\bb\\b", "a[^a]{3}c", "(?i)äb", "^$"];

test.each(PATTERNS)("%s", (pattern) => {
  useObjects(core, {}, { rules: [{ name: "r", when: `body.matches(r"${pattern}")`, type: "rce" }] });
  const letters = fc.array(fc.constantFrom("a", "b", "c", "\n", " ", "ä", "Ä"), { maxLength: 12 });
  fc.assert(
    fc.property(letters, fc.nat(12), (text, cut) => {
      const body = Buffer.from(text.join(""), "utf8");
      const handle = core.begin("", NOW);
      core.pairs("tx_head", handle, [
        [":method", "POST"],
        [":path", "/"],
        ["content-type", "text/plain"],
      ]);
      for (const piece of [body.subarray(0, cut), body.subarray(cut)]) core.piece("tx_body", handle, piece);
      core.end(handle);
      expect(core.line(handle).includes("rule-r@")).toBe(matchesPattern(pattern, text.join("")));
      core.free(handle);
    }),
    { numRuns: 200 },
  );
});
