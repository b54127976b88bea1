/** Patterns in RE2's syntax, matched in linear time: the one door of this room. */
import { type Automaton, automatonOf, runAutomaton } from "./automaton.ts";
import { PatternFault } from "./fault.ts";
import { parsePattern } from "./parser.ts";

export { type Automaton, runAutomaton } from "./automaton.ts";
export { PatternFault } from "./fault.ts";

/** Machines are made again and again for the same patterns: each check, each evaluation. */
const KEPT_MAX = 256;
const kept = new Map<string, Automaton>();

/**
 * @param pattern in RE2's syntax; it matches anywhere in a text
 * @returns its machine, over UTF-8 bytes
 * @throws PatternFault where the pattern is none, needs backtracking, or its machine would be too large
 */
export function compilePattern(pattern: string): Automaton {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const automaton = automatonOf(parsePattern(pattern));
  const [oldest] = kept.keys();
  if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  kept.set(pattern, automaton);
  return automaton;
}

/** @returns what is wrong with a pattern, or undefined where it is taken */
export function patternFault(pattern: string): PatternFault | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof PatternFault) return error;
    throw error;
  }
}

/** Whether a pattern matches somewhere in a text. @throws PatternFault, as `compilePattern` does */
export function matchesPattern(pattern: string, text: string): boolean {
  return runAutomaton(compilePattern(pattern), Buffer.from(text, "utf8"));
}
