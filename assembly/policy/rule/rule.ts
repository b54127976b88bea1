/**
 * Runs the rules of a policy. What the head decides is decided when it is read; readings of values are asked as they
 * are found; the body's text is followed as it streams by, and counts at decision points, so that how it was cut never
 * shows. What the request's end has not made true is not.
 */
import { RULE_FUEL_BYTES_MORE, RULE_FUEL_HEAD, RULE_FUEL_PER_BYTE, VALUE_BYTES_MIN } from "../../abi/limits";
import { Limit } from "../../abi/status";
import { arenaMark, arenaRelease } from "../../bytes/arena";
import { Layer, layer, setLayer } from "../../decode/layer";
import { Place, pointTruncate, pushWord, Word } from "../../decode/point";
import { current, reachLimit } from "../../decode/transaction";
import { pathAt, pathSize } from "../../decode/uri";
import { fuel, place, setFuel, setPlace, setValueBase, spend } from "../../decode/value";
import { detectLayer, lexersWanted } from "../../detect/detector";
import { imageSince, Slot } from "../image";
import { pointFits, pointNameBegin } from "../point-name";
import { bodiesEnd, bodiesFeed, bodyHold, faultNext, faultPoint, faultRule } from "../schema/bodies";
import { Section, sectionOf, sectionSize } from "../tables";
import { judgeRule, Spared } from "../verdict";
import { automatonFinds, automatonIsOver, automatonRead, automatonRun, automatonStart } from "./automaton";
import { programRun } from "./program";
import { Answer, Compare, Rule, RuleFlag, Subject, SubjectKind, Term, TermKind } from "./rows";
import { answersOf, firstPointOf, Life, lifeOf, setLife, streamOf } from "./state";
import { countCharacters, findSubject, findUnits, foundAt, foundSize, isFound } from "./subject";

/** Work of a term beside the bytes that it looks at, and of a program's run. */
const TERM_UNITS: u32 = 8;
/** Asked for by `layersWanted` where no lexer wants the layer: above all bits of lexers. */
const RULES_BIT: u32 = 1 << 31;

/* The slot whose rules are asked now, and its tables. */
let slot: Slot = Slot.ACTIVE;
let image: usize = 0;
let rules: usize = 0;
let ruleCount: u32 = 0;
let subjects: usize = 0;
let subjectCount: u32 = 0;
let terms: usize = 0;
let texts: usize = 0;
let programs: usize = 0;
let automata: usize = 0;

let keepHook: (line: usize, size: u32, spared: u32) => void = keepNothing;

function keepNothing(_line: usize, _size: u32, _spared: u32): void {}

/** Names the function that keeps a rule's match; called once when the module starts. */
export function onRule(hook: (line: usize, size: u32, spared: u32) => void): void {
  keepHook = hook;
}

/** Opens the tables of a slot. @returns false where the transaction is under none of its rules */
function enter(next: Slot): bool {
  if (!current.rules) return false;
  slot = next;
  image = imageSince(next, next == Slot.ACTIVE ? current.generation : current.shadowGeneration);
  if (!image) return false;
  rules = sectionOf(image, Section.RULES);
  ruleCount = sectionSize / offsetof<Rule>();
  if (!ruleCount) return false;
  subjects = sectionOf(image, Section.SUBJECTS);
  subjectCount = sectionSize / offsetof<Subject>();
  terms = sectionOf(image, Section.TERMS);
  texts = sectionOf(image, Section.TEXTS);
  programs = sectionOf(image, Section.PROGRAMS);
  automata = sectionOf(image, Section.AUTOMATA);
  return true;
}

function subjectIn(index: u32): Subject {
  return changetype<Subject>(subjects + <usize>(index * offsetof<Subject>()));
}

function termIn(index: u32): Term {
  return changetype<Term>(terms + <usize>(index * offsetof<Term>()));
}

function ruleIn(index: u32): Rule {
  return changetype<Rule>(rules + <usize>(index * offsetof<Rule>()));
}

function setAnswer(term: u32, yes: bool): void {
  store<u8>(answersOf(slot) + <usize>term, yes ? <u8>Answer.YES : <u8>Answer.NO);
}

function compares(how: u32, value: u32, with_: u32): bool {
  if (how == <u32>Compare.EQUAL) return value == with_;
  return how == <u32>Compare.BELOW ? value < with_ : value > with_;
}

/** Whether the client's address is in the term's network, which is one of the same version. */
function inNetwork(term: Term): bool {
  const high = <u64>term.a | ((<u64>term.b) << 32);
  const low = <u64>term.c | ((<u64>term.d) << 32);
  const v4 = term.e >= 96 && isV4(high, low);
  if (v4 != isV4(current.clientHigh, current.clientLow)) return false;
  if (!isKnown()) return false;
  if (term.e > 64) {
    return current.clientHigh == high && (current.clientLow ^ low) >> <u64>(128 - term.e) == 0;
  }
  return !term.e || (current.clientHigh ^ high) >> <u64>(64 - term.e) == 0;
}

function isV4(high: u64, low: u64): bool {
  return high == 0 && low >> 32 == 0xffff;
}

function isKnown(): bool {
  return (current.clientHigh | current.clientLow) != 0;
}

/** Whether a text has what a term asks for. @returns false, too, where no work was left: then the limit is told */
function answerText(term: Term, at: usize, size: u32, found: bool): bool {
  if (!spend(TERM_UNITS)) {
    reachLimit(Limit.FUEL);
    return false;
  }
  if (term.kind == <u32>TermKind.PRESENT) return found;
  let units = size;
  let answer: bool;
  if (term.kind == <u32>TermKind.SIZE) answer = compares(term.a, countCharacters(at, size), term.b);
  else {
    const machine = automata + <usize>term.a;
    answer = automatonFinds(machine, automatonRun(machine, automatonStart(machine), at, size));
    units = automatonRead;
  }
  if (!spend(units)) reachLimit(Limit.FUEL);
  return answer;
}

/** Answers a term about what is no text. */
function answerNumber(kind: u32, term: Term): bool {
  switch (term.kind) {
    case TermKind.NETWORK:
      return inNetwork(term);
    case TermKind.V4:
      return isV4(current.clientHigh, current.clientLow);
    case TermKind.KNOWN:
      return isKnown();
    default:
      return compares(term.a, kind == <u32>SubjectKind.NOW ? current.now : current.application, term.b);
  }
}

/** Answers the terms of a part of the head for the rules that are awake. */
function askHead(subject: Subject): void {
  let isRead = false;
  const mark = arenaMark();
  for (let i: u32 = 0; i < subject.termCount; i++) {
    const term = termIn(subject.terms + i);
    if (lifeOf(slot, term.rule) != <u32>Life.LIVE) continue;
    if (subject.kind >= <u32>SubjectKind.ADDRESS) {
      setAnswer(subject.terms + i, answerNumber(subject.kind, term));
      continue;
    }
    if (!isRead) {
      if (!spend(findUnits(subject.kind))) {
        reachLimit(Limit.FUEL);
        break;
      }
      findSubject(subject.kind, texts + <usize>subject.name, subject.nameSize);
      isRead = true;
    }
    setAnswer(subject.terms + i, answerText(term, foundAt, foundSize, isFound));
  }
  arenaRelease(mark);
}

/** Begins the machines that follow the body. */
function beginStreams(subject: Subject): void {
  for (let i: u32 = 0; i < subject.termCount; i++) {
    store<u16>(streamOf(slot, i), <u16>automatonStart(automata + <usize>termIn(subject.terms + i).a));
  }
}

/** The rule's answer has come true: it is judged, and told once. The current layer is what shows it. */
function tell(index: u32): void {
  setLife(slot, index, Life.TOLD);
  const rule = ruleIn(index);
  if (rule.flags & RuleFlag.COUNT) {
    if (slot == Slot.ACTIVE) current.counted |= (<u64>1) << (<u64>rule.stamp);
    return;
  }
  if (rule.flags & RuleFlag.SCHEMA) {
    bodyHold(slot, image, rule.stamp);
    if (current.readers) current.rulesBody = 1;
    return;
  }
  const spared: Spared = judgeRule(slot, image, rule);
  if (slot == Slot.ACTIVE) keepHook(texts + <usize>rule.line, rule.lineSize, <u32>spared);
}

/** Asks a rule that is awake. */
function ask(index: u32): void {
  if (lifeOf(slot, index) != <u32>Life.LIVE) return;
  const rule = ruleIn(index);
  if (programRun(programs + <usize>rule.program, rule.programSize, answersOf(slot)) == <u32>Answer.YES) tell(index);
}

/** Layer that stands for what a rule found outside of any value. */
const whole: Layer = changetype<Layer>(memory.data(offsetof<Layer>() + 16, 16));

/** Asks all rules with some of these flags, about what stands at `at` under the point `word`. */
function askAll(flags: u32, word: Word, at: usize, size: u32): void {
  const outer = layer;
  const where = place;
  beginWhole(word == Word.URI ? Place.PATH : Place.BODY, at, size);
  pushWord(word);
  for (let i: u32 = 0; i < ruleCount; i++) if (!flags || ruleIn(i).flags & flags) ask(i);
  pointTruncate(0);
  setPlace(where);
  setLayer(outer);
}

/** Makes the layer for what is no value the current one, at no point yet. */
function beginWhole(where: Place, at: usize, size: u32): void {
  whole.at = at;
  whole.size = size;
  setLayer(whole);
  setPlace(where);
  setValueBase(0);
  pointTruncate(0);
}

/** Tells what readers have found of the body so far. */
function tellFaults(): void {
  if (!current.readers) return;
  const outer = layer;
  const where = place;
  beginWhole(Place.BODY, changetype<usize>(whole), 0);
  while (faultNext(slot, image)) {
    if (lifeOf(slot, faultRule) != <u32>Life.LIVE) continue;
    faultPoint();
    tell(faultRule);
    pointTruncate(0);
  }
  setPlace(where);
  setLayer(outer);
}

/** Asks the rules about the head read last. */
export function rulesHead(): void {
  for (let next: u32 = 0; next < 2; next++) {
    if (!enter(<Slot>next)) continue;
    setFuel(<i32>RULE_FUEL_HEAD);
    for (let i: u32 = 0; i < subjectCount; i++) {
      const subject = subjectIn(i);
      if (subject.kind < <u32>SubjectKind.BODY) askHead(subject);
      else if (subject.kind == <u32>SubjectKind.BODY) beginStreams(subject);
    }
    askAll(0, Word.URI, pathAt, pathSize);
  }
}

/** Follows the next bytes of the body's text. At most RULE_STREAMS_MAX steps a byte and slot. */
export function rulesBody(at: usize, size: u32): void {
  for (let next: u32 = 0; next < 2; next++) {
    if (!enter(<Slot>next)) continue;
    bodiesFeed(next, image, at, size);
    const body = bodySubject();
    if (!body) continue;
    for (let i: u32 = 0; i < body.termCount; i++) {
      const term = termIn(body.terms + i);
      const stream = streamOf(slot, i);
      const state = <u32>load<u16>(stream);
      if (automatonIsOver(state) || lifeOf(slot, term.rule) != <u32>Life.LIVE) continue;
      store<u16>(stream, <u16>automatonRun(automata + <usize>term.a, state, at, size));
    }
  }
}

/** @returns the row of the body's text, null where no rule asks it */
function bodySubject(): Subject {
  const first = firstPointOf(slot);
  if (!first) return changetype<Subject>(0);
  const subject = subjectIn(first - 1);
  return subject.kind == <u32>SubjectKind.BODY ? subject : changetype<Subject>(0);
}

/** Answers the terms about the body: those that are decided, or at its end all. */
function answerBody(isEnd: bool): void {
  const body = bodySubject();
  if (!body) return;
  for (let i: u32 = 0; i < body.termCount; i++) {
    const state = <u32>load<u16>(streamOf(slot, i));
    if (!isEnd && !automatonIsOver(state)) continue;
    setAnswer(body.terms + i, automatonFinds(automata + <usize>termIn(body.terms + i).a, state));
  }
}

/** Asks the rules about the body so far; called at decision points. */
export function rulesDecide(): void {
  if (!current.rulesBody) return;
  for (let next: u32 = 0; next < 2; next++) {
    if (!enter(<Slot>next)) continue;
    /* Of the last value's work there may be nothing left, and exceptions are looked for with some. */
    setFuel(<i32>RULE_FUEL_HEAD);
    answerBody(false);
    askAll(RuleFlag.BODY, Word.POST, changetype<usize>(whole), 0);
    tellFaults();
  }
}

/** The request is complete: what was not found is not there. */
export function rulesEnd(): void {
  for (let next: u32 = 0; next < 2; next++) {
    if (!enter(<Slot>next)) continue;
    setFuel(<i32>RULE_FUEL_HEAD);
    answerBody(true);
    for (let i = firstPointOf(slot); i < subjectCount; i++) {
      const answer = answersOf(slot) + <usize>subjectIn(i).result;
      if (load<u8>(answer) == <u8>Answer.OPEN) store<u8>(answer, <u8>Answer.NO);
    }
    const word = current.bodyBytes ? Word.POST : Word.URI;
    askAll(RuleFlag.BODY | RuleFlag.POINTS, word, changetype<usize>(whole), 0);
    bodiesEnd(next, image);
    tellFaults();
  }
}

/** Asks the rules of both slots about the current layer of a value, with work of their own. */
function askLayer(): void {
  pointNameBegin();
  const left = fuel;
  for (let next: u32 = 0; next < 2; next++) {
    if (!enter(<Slot>next)) continue;
    setFuel(<i32>(RULE_FUEL_PER_BYTE * (layer.size + RULE_FUEL_BYTES_MORE)));
    for (let i = firstPointOf(slot); i < subjectCount && fuel > 0; i++) askPoint(subjectIn(i));
    if (fuel <= 0) reachLimit(Limit.FUEL);
  }
  setFuel(left);
}

/** Asks a rule that is awake whether the current layer is what it looks for at a point. */
function askPoint(subject: Subject): void {
  const answers = answersOf(slot);
  if (lifeOf(slot, subject.rule) != <u32>Life.LIVE) return;
  if (<u32>load<u8>(answers + <usize>subject.result) == <u32>Answer.YES) return;
  if (!spend(subject.nameSize + TERM_UNITS) || !pointFits(texts + <usize>subject.name, subject.nameSize)) return;
  for (let i: u32 = 0; i < subject.termCount; i++) {
    setAnswer(subject.terms + i, answerText(termIn(subject.terms + i), layer.at, layer.size, true));
  }
  if (programRun(programs + <usize>subject.program, subject.programSize, answers) != <u32>Answer.YES) return;
  setAnswer(subject.result, true);
  ask(subject.rule);
}

/** Whether rules look at layers of the current value: those of a response are none of a request's. */
function asksPoints(): bool {
  return current.rulesPoints != 0 && place != Place.RESPONSE;
}

/** Whether lexers look at the layer's value: one that is shorter than every attack is a layer for rules alone. */
function isLexed(): bool {
  let root = layer;
  while (root.parent) root = changetype<Layer>(root.parent);
  return root.size >= VALUE_BYTES_MIN;
}

/** Who would look at the current layer: lexers, one bit each, and rules. */
export function layersWanted(): u32 {
  const lexers = lexersWanted();
  return asksPoints() ? lexers | RULES_BIT : lexers;
}

/** Looks at the current layer: lexers first, then rules. */
export function lookAtLayer(): void {
  if (!asksPoints()) {
    detectLayer();
    return;
  }
  if (isLexed()) detectLayer();
  askLayer();
}
