/**
 * Which lexers look at a layer. The pass of decode/profile.ts has said which characters and words occur; a lexer runs
 * only where its attacks could be. `detectAll` runs every lexer everywhere, which tests use to prove that this choice
 * never hides a match.
 *
 * Guarantee: a gate may let a lexer run in vain; it never keeps one from a match. Proven in fuzz/prefilter.test.ts.
 */
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { place, spend } from "../decode/value";
import { crlfGate, crlfLex } from "./crlf";
import { includeGate, includeLex } from "./include";
import { leakGate, leakLex } from "./leak";
import { shellGate, shellLex } from "./shell/shell";
import { sqliGate, sqliLex } from "./sqli/sqli";
import { traversalGate, traversalLex } from "./path/path";
import { xssGate, xssLex } from "./xss/xss";

/** Set by tests: run every lexer whatever its gate says. */
let ungated: bool = false;

export function detectAll(on: bool): void {
  ungated = on;
}

/** Looks at the current layer. */
export function detectLayer(): void {
  if (!spend(layer.size)) return;
  if (place == Place.RESPONSE) {
    if (ungated || leakGate()) leakLex();
    return;
  }
  if (ungated || sqliGate()) sqliLex();
  if (ungated || xssGate()) xssLex();
  if (ungated || traversalGate()) traversalLex();
  if (ungated || shellGate()) shellLex();
  if (ungated || includeGate()) includeLex();
  if (ungated || crlfGate()) crlfLex();
}
