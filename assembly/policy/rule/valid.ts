/** Checks the tables of rules when an image is loaded, so that whoever runs them need not look at bounds. */
import { RULE_LINE_BYTES_MAX, RULE_STREAMS_MAX, RULE_TERMS_MAX, RULES_MAX, THRESHOLDS_MAX } from "../../abi/limits";
import { bodiesChecked, schemasValid } from "../schema/valid";
import { rowsOf, Section, sectionOf, sectionSize, within } from "../tables";
import { automatonValid } from "./automaton";
import { programValid } from "./program";
import { Compare, RULE_FLAGS, Rule, RuleFlag, Subject, SubjectKind, Term, TermKind } from "./rows";

let terms: u32 = 0;
let rules: u32 = 0;
let programs: usize = 0;
let programBytes: u32 = 0;

function isProgram(at: u32, size: u32): bool {
  return within(at, size, programBytes) && programValid(programs + <usize>at, size, terms);
}

function termsValid(image: usize): bool {
  const automata = sectionOf(image, Section.AUTOMATA);
  const automataEnd = automata + <usize>sectionSize;
  const rows = sectionOf(image, Section.TERMS);
  for (let i: u32 = 0; i < terms; i++) {
    const term = changetype<Term>(rows + <usize>(i * offsetof<Term>()));
    if (term.kind > <u32>TermKind.ANSWER || term.rule >= rules) return false;
    const compares = term.kind == <u32>TermKind.SIZE || term.kind == <u32>TermKind.NUMBER;
    if (compares && term.a > <u32>Compare.ABOVE) return false;
    if (term.kind == <u32>TermKind.NETWORK && term.e > 128) return false;
    if (term.kind != <u32>TermKind.AUTOMATON) continue;
    if (!within(term.a, 0, <u32>(automataEnd - automata))) return false;
    if (!automatonValid(automata + <usize>term.a, automataEnd)) return false;
  }
  return true;
}

/** Whether a kind of subject can answer a kind of term. */
function fits(subject: u32, term: u32): bool {
  switch (subject) {
    case SubjectKind.ADDRESS:
      return term >= <u32>TermKind.NETWORK && term <= <u32>TermKind.KNOWN;
    case SubjectKind.APPLICATION:
    case SubjectKind.NOW:
      return term == <u32>TermKind.NUMBER;
    case SubjectKind.BODY:
      return term == <u32>TermKind.AUTOMATON;
    default:
      return term <= <u32>TermKind.SIZE;
  }
}

function subjectsValid(image: usize, count: u32, textBytes: u32): bool {
  const termRows = sectionOf(image, Section.TERMS);
  const rows = sectionOf(image, Section.SUBJECTS);
  let before: u32 = 0;
  let bodies: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const subject = changetype<Subject>(rows + <usize>(i * offsetof<Subject>()));
    if (subject.kind < before || subject.kind > <u32>SubjectKind.POINT) return false;
    before = subject.kind;
    if (!within(subject.name, subject.nameSize, textBytes)) return false;
    if (!within(subject.terms, subject.termCount, terms)) return false;
    for (let j: u32 = 0; j < subject.termCount; j++) {
      const term = changetype<Term>(termRows + <usize>((subject.terms + j) * offsetof<Term>()));
      if (!fits(subject.kind, term.kind)) return false;
    }
    if (subject.kind == <u32>SubjectKind.BODY) {
      bodies++;
      if (subject.termCount > RULE_STREAMS_MAX) return false;
    }
    if (subject.kind != <u32>SubjectKind.POINT) continue;
    if (subject.result >= terms || subject.rule >= rules) return false;
    if (!isProgram(subject.program, subject.programSize)) return false;
  }
  return bodies <= 1;
}

/**
 * Whether every row refers to what is there, and every machine and program can be run.
 * @param scopes how many there are @param textBytes size of the texts
 */
export function rulesValid(image: usize, scopes: u32, textBytes: u32): bool {
  rules = rowsOf(image, Section.RULES, offsetof<Rule>());
  terms = rowsOf(image, Section.TERMS, offsetof<Term>());
  const subjects = rowsOf(image, Section.SUBJECTS, offsetof<Subject>());
  programs = sectionOf(image, Section.PROGRAMS);
  programBytes = sectionSize;
  if (rules > RULES_MAX || terms > RULE_TERMS_MAX || subjects > RULE_TERMS_MAX) return false;
  if (!termsValid(image) || !subjectsValid(image, subjects, textBytes)) return false;
  if (!schemasValid(image, rules, textBytes)) return false;
  const rows = sectionOf(image, Section.RULES);
  let before: u32 = 0;
  for (let i: u32 = 0; i < rules; i++) {
    const rule = changetype<Rule>(rows + <usize>(i * offsetof<Rule>()));
    if (rule.scope < before || rule.scope >= scopes) return false;
    before = rule.scope;
    if (rule.lineSize > RULE_LINE_BYTES_MAX || !within(rule.line, rule.lineSize, textBytes)) return false;
    if (!isProgram(rule.program, rule.programSize)) return false;
    if (rule.flags > RULE_FLAGS) return false;
    if (rule.flags & RuleFlag.COUNT && rule.stamp >= THRESHOLDS_MAX) return false;
    if (rule.flags & RuleFlag.SCHEMA && rule.stamp >= bodiesChecked) return false;
  }
  return true;
}
