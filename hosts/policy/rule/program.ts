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
  const writer = new Writer(numbers);
  if (writer.depthOf(formula) <= STACK_MAX && writer.write(formula)) return Buffer.from(writer.steps);
  const why = "its condition is nested too deeply, or too long";
  throw new MerlonError("MERLON_POLICY", `the rule ${name} is too large — ${why}; write several rules`);
}

/** A formula shares its parts: `a == b` has each of them twice, and chains of it would double with every link. */
class Writer {
  readonly steps: number[] = [];
  readonly #numbers: ReadonlyMap<Formula, number>;
  readonly #depths = new Map<Formula, number>();

  constructor(numbers: ReadonlyMap<Formula, number>) {
    this.#numbers = numbers;
  }

  /** @returns false where the program would be too long */
  write(formula: Formula): boolean {
    if (this.steps.length > PROGRAM_BYTES_MAX) return false;
    switch (formula.kind) {
      case "constant":
        this.steps.push(formula.value ? STEPS.true : STEPS.false);
        return true;
      case "term":
      case "exists": {
        const number = this.#numbers.get(formula) ?? 0;
        this.steps.push(STEPS.term, number & 255, number >> 8);
        return true;
      }
      case "not":
        if (!this.write(formula.of)) return false;
        this.steps.push(STEPS.not);
        return true;
      default:
        // What is joined may be joined in any order; the deepest part first takes the least of the stack.
        for (const [index, part] of formula.of.toSorted((a, b) => this.depthOf(b) - this.depthOf(a)).entries()) {
          if (!this.write(part)) return false;
          if (index > 0) this.steps.push(STEPS[formula.kind]);
        }
        return true;
    }
  }

  /** Values at hand at once. */
  depthOf(formula: Formula): number {
    if (formula.kind === "not") return this.depthOf(formula.of);
    if (formula.kind !== "and" && formula.kind !== "or") return 1;
    const known = this.#depths.get(formula);
    if (known !== undefined) return known;
    const depths = formula.of.map((part) => this.depthOf(part)).sort((a, b) => b - a);
    const depth = Math.max(...depths.map((one, index) => one + Math.min(index, 1)));
    this.#depths.set(formula, depth);
    return depth;
  }
}
