/**
 * What a transaction remembers of the rules that it is under: one block for both slots, taken when a rule's scope fits.
 * For each slot the answers of terms, the states of machines that follow the body, and what became of each rule.
 */
import { RULE_STREAMS_MAX, RULE_TERMS_MAX, RULES_MAX } from "../../abi/limits";
import { Limit } from "../../abi/status";
import { blockAlloc } from "../../bytes/blocks";
import { zeroBytes } from "../../bytes/guard";
import { current, reachLimit } from "../../decode/transaction";
import { Slot } from "../image";
import { fit, fittingScope } from "../route";
import { Section, sectionOf, sectionSize } from "../tables";
import { Rule, RuleFlag, Subject, SubjectKind } from "./rows";

/** What became of a rule. */
export enum Life {
  /** Its scope does not fit, or its day is over. */
  IDLE = 0,
  LIVE = 1,
  /** It was found, and is not asked again. */
  TOLD = 2,
}

const STREAMS_AT: u32 = RULE_TERMS_MAX;
const LIVES_AT: u32 = STREAMS_AT + RULE_STREAMS_MAX * 2;
const POINTS_AT: u32 = LIVES_AT + RULES_MAX;
const SLOT_BYTES: u32 = 2048;

function slotState(slot: Slot): usize {
  return current.rules + <usize>(<u32>slot * SLOT_BYTES);
}

/** Answers of a slot's terms, a byte each. */
export function answersOf(slot: Slot): usize {
  return slotState(slot);
}

/** Address of the state of a machine that follows the body, 16 bits. @param index below RULE_STREAMS_MAX */
export function streamOf(slot: Slot, index: u32): usize {
  return slotState(slot) + <usize>(STREAMS_AT + index * 2);
}

/** What became of a rule. */
export function lifeOf(slot: Slot, rule: u32): u32 {
  return <u32>load<u8>(slotState(slot) + <usize>(LIVES_AT + rule));
}

/** Notes what became of a rule. */
export function setLife(slot: Slot, rule: u32, life: Life): void {
  store<u8>(slotState(slot) + <usize>(LIVES_AT + rule), <u8>life);
}

/** Number of the slot's first subject that asks points. */
export function firstPointOf(slot: Slot): u32 {
  return load<u32>(slotState(slot) + <usize>POINTS_AT);
}

/** Whether the request fits a scope; that of every request has the number 0. */
function fitsScope(scope: u32): bool {
  if (!scope) return true;
  for (let i: u32 = 0; i < fit; i++) if (fittingScope(i) == scope) return true;
  return false;
}

function isDue(rule: Rule): bool {
  /* A host without a clock cannot say that the day has come; a rule is stricter than none. */
  return !rule.expires || !current.now || current.now < rule.expires;
}

/** Takes the block. @returns false when there is no memory */
function takeBlock(): bool {
  if (current.rules) return true;
  const block = blockAlloc();
  if (!block) {
    reachLimit(Limit.MEMORY);
    return false;
  }
  zeroBytes(block, SLOT_BYTES * 2);
  current.rules = block;
  return true;
}

/** Wakes the rules of an image whose scopes the request fits, as route.ts has just found. */
export function rulesEnter(slot: Slot, image: usize): void {
  const rows = sectionOf(image, Section.RULES);
  if (!rows) return;
  const rules = sectionSize / offsetof<Rule>();
  for (let i: u32 = 0; i < rules; i++) {
    const rule = changetype<Rule>(rows + <usize>(i * offsetof<Rule>()));
    if (!fitsScope(rule.scope) || !isDue(rule)) continue;
    if (!takeBlock()) return;
    setLife(slot, i, Life.LIVE);
    if (rule.flags & RuleFlag.POINTS) current.rulesPoints = 1;
    if (rule.flags & RuleFlag.BODY) current.rulesBody = 1;
  }
  if (!current.rules) return;
  const subjects = sectionOf(image, Section.SUBJECTS);
  const count = sectionSize / offsetof<Subject>();
  let first: u32 = 0;
  while (
    first < count &&
    changetype<Subject>(subjects + <usize>(first * offsetof<Subject>())).kind < <u32>SubjectKind.POINT
  ) {
    first++;
  }
  store<u32>(slotState(slot) + <usize>POINTS_AT, first);
}
