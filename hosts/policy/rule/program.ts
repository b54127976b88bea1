/** From what a rule asks to its program: steps in postfix, without jumps, on a small stack. */
import { MerlonError } from "../../core/error.ts";
import type { Formula } from "./plan.ts";

/** RULE_STACK_MAX of assembly/abi/limits.ts. */
const STACK_MAX = 16;
const PROGRAM_BYTES_MAX = 8192;

/** `Step` of assembly/policy/rule/rows.ts. */
const STEPS = { false: 0, true: 1, not: 2, and: 3, or: 4, term: 5 } as const;

/**
 * @param numbers of the terms and answers in the formula
 * @param name of the rule, for errors
 * @throws MerlonError MERLON_POLICY when it needs more than the core has
 */
export function programOf(formula: Formula, numbers: ReadonlyMap<Formula, number>, name: string): Buffer {
  const steps: number[] = [];
  emit(formula, numbers, steps);
  if (depthOf(formula) <= STACK_MAX && steps.length <= PROGRAM_BYTES_MAX) return Buffer.from(steps);
  const why = "its condition is nested too deeply, or too long";
  throw new MerlonError("MERLON_POLICY", `the rule ${name} is too large — ${why}; write several rules`);
}

function emit(formula: Formula, numbers: ReadonlyMap<Formula, number>, steps: number[]): void {
  switch (formula.kind) {
    case "constant":
      steps.push(formula.value ? STEPS.true : STEPS.false);
      return;
    case "term":
    case "exists": {
      const number = numbers.get(formula) ?? 0;
      steps.push(STEPS.term, number & 255, number >> 8);
      return;
    }
    case "not":
      emit(formula.of, numbers, steps);
      steps.push(STEPS.not);
      return;
    default:
      for (const [index, part] of deepestFirst(formula.of).entries()) {
        emit(part, numbers, steps);
        if (index > 0) steps.push(STEPS[formula.kind]);
      }
  }
}

/** What is joined may be joined in any order; the deepest part first takes the least of the stack. */
function deepestFirst(parts: readonly Formula[]): Formula[] {
  return parts
    .map((part) => ({ part, depth: depthOf(part) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ part }) => part);
}

/** Values at hand at once. */
function depthOf(formula: Formula): number {
  if (formula.kind === "not") return depthOf(formula.of);
  if (formula.kind !== "and" && formula.kind !== "or") return 1;
  const depths = formula.of.map(depthOf).sort((a, b) => b - a);
  return Math.max(...depths.map((depth, index) => depth + Math.min(index, 1)));
}
