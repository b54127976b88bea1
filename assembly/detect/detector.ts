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
import { graphqlGate, graphqlLex } from "./graphql";
import { includeGate, includeLex } from "./include";
import { leakGate, leakLex } from "./leak";
import { traversalGate, traversalLex } from "./path/path";
import { shellGate, shellLex } from "./shell/shell";
import { sqliGate, sqliLex } from "./sqli/sqli";
import { xssGate, xssLex } from "./xss/xss";
import { xxeGate, xxeLex } from "./xxe/xxe";

/** Set by tests: run every lexer whatever its gate says. */
let ungated: bool = false;

/** For tests: runs every lexer on every layer, or goes back to the gates. */
export function detectAll(on: bool): void {
  ungated = on;
}

/** Lexers that looked at the layer last, one bit each in the order of `LEXER_NAMES`; traces show them. */
export let lexed: u32 = 0;
export const LEXER_NAMES: string = "sqli xss path shell include crlf leak xxe graphql";

/** Whether the lexer with this number runs, by what its gate says. */
function runs(lexer: u32, gate: bool): bool {
  if (!gate && !ungated) return false;
  lexed |= 1 << lexer;
  return true;
}

/** Looks at the current layer. */
export function detectLayer(): void {
  lexed = 0;
  if (!spend(layer.size)) return;
  if (place == Place.RESPONSE) {
    if (runs(6, leakGate())) leakLex();
    return;
  }
  if (runs(0, sqliGate())) sqliLex();
  if (runs(1, xssGate())) xssLex();
  if (runs(2, traversalGate())) traversalLex();
  if (runs(3, shellGate())) shellLex();
  if (runs(4, includeGate())) includeLex();
  if (runs(5, crlfGate())) crlfLex();
  if (runs(7, xxeGate())) xxeLex();
  if (runs(8, graphqlGate())) graphqlLex();
}
