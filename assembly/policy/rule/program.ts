/**
 * Programs of rules: terms joined by and, or and not, in postfix, without jumps: a program runs once through. Answers
 * have three values (Kleene): what is open may yet become yes or no, and an answer that is not open stays as it is.
 */
import { RULE_STACK_MAX } from "../../abi/limits";
import { Answer, Step } from "./rows";

const stack: usize = memory.data(32, 16);

/** Whether bytes are a program: known steps, terms that there are, and one answer at the end. */
export function programValid(at: usize, size: u32, terms: u32): bool {
  const end = at + <usize>size;
  let depth: u32 = 0;
  while (at < end) {
    const step = <u32>load<u8>(at++);
    if (step <= <u32>Step.TRUE) depth++;
    else if (step == <u32>Step.NOT) {
      if (!depth) return false;
    } else if (step == <u32>Step.AND || step == <u32>Step.OR) {
      if (depth < 2) return false;
      depth--;
    } else {
      if (step != <u32>Step.TERM || end - at < 2 || (<u32>load<u8>(at) | ((<u32>load<u8>(at + 1)) << 8)) >= terms)
        return false;
      at += 2;
      depth++;
    }
    if (depth > RULE_STACK_MAX) return false;
  }
  return depth == 1;
}

function both(a: u32, b: u32): u32 {
  if (a == <u32>Answer.NO || b == <u32>Answer.NO) return Answer.NO;
  return a == <u32>Answer.YES && b == <u32>Answer.YES ? <u32>Answer.YES : <u32>Answer.OPEN;
}

function either(a: u32, b: u32): u32 {
  if (a == <u32>Answer.YES || b == <u32>Answer.YES) return Answer.YES;
  return a == <u32>Answer.NO && b == <u32>Answer.NO ? <u32>Answer.NO : <u32>Answer.OPEN;
}

function no(a: u32): u32 {
  if (a == <u32>Answer.OPEN) return a;
  return a == <u32>Answer.YES ? <u32>Answer.NO : <u32>Answer.YES;
}

/** Runs a program that `programValid` has passed. @param answers of terms, a byte each @returns an `Answer` */
export function programRun(at: usize, size: u32, answers: usize): u32 {
  const end = at + <usize>size;
  let top = stack;
  while (at < end) {
    const step = <u32>load<u8>(at++);
    switch (step) {
      case Step.FALSE:
        store<u8>(top++, <u8>Answer.NO);
        break;
      case Step.TRUE:
        store<u8>(top++, <u8>Answer.YES);
        break;
      case Step.NOT:
        store<u8>(top - 1, <u8>no(load<u8>(top - 1)));
        break;
      case Step.AND:
        top--;
        store<u8>(top - 1, <u8>both(load<u8>(top - 1), load<u8>(top)));
        break;
      case Step.OR:
        top--;
        store<u8>(top - 1, <u8>either(load<u8>(top - 1), load<u8>(top)));
        break;
      default:
        store<u8>(top++, load<u8>(answers + <usize>(<u32>load<u8>(at) | ((<u32>load<u8>(at + 1)) << 8))));
        at += 2;
    }
  }
  return <u32>load<u8>(stack);
}
