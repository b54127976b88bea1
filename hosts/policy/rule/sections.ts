/**
 * The tables of a policy's rules in its image; assembly/policy/rule/rows.ts says what the rows mean, and valid.ts there
 * checks them again. Questions of all rules about one part of a request stand together, so that it is read once.
 */
import { MerlonError } from "../../core/error.ts";
import { applicationId } from "../application.ts";
import { compileExpression } from "../expression/expression.ts";
import { REQUEST_VARIABLES } from "../expression/variables.ts";
import { hashWord } from "../hash.ts";
import type { Automaton } from "../regex/automaton.ts";
import { type Texts, words } from "../routes.ts";
import type { Check } from "../specification/checks.ts";
import { SchemaTables } from "../specification/schema-section.ts";
import { type Compare, type Formula, planOf, SUBJECTS, type Subject, type Term } from "./plan.ts";
import { programOf } from "./program.ts";
import { isReport, type Rule, stampOf } from "./rule.ts";

/** RULES_MAX, RULE_TERMS_MAX and RULE_STREAMS_MAX of assembly/abi/limits.ts. */
const RULES_MAX = 512;
const TERMS_MAX = 1024;
const STREAMS_MAX = 32;
/** RULE_FUEL_PER_BYTE and RULE_FUEL_BYTES_MORE there, and what a question and a pattern cost beside their bytes. */
const FUEL_PER_BYTE = 256;
const FUEL_BYTES_MORE = 8;
const TERM_UNITS = 8;

const COMPARES: readonly Compare[] = ["equal", "below", "above"];
/** `TermKind` of assembly/policy/rule/rows.ts. */
const TERM_KINDS = { automaton: 0, present: 1, size: 2, network: 3, v4: 4, known: 5, number: 6 } as const;
const ANSWER = 7;
/** `RuleFlag` there. */
const FLAGS = { patch: 1, report: 2, points: 4, body: 8, count: 16, schema: 32 };
/** Severity of every rule: that from which findings block. */
const SEVERITY = 4;
const WORD = 0xffff_ffffn;

/** Tables of an image; empty ones are left out of it. */
export interface RuleTables {
  readonly rules: Buffer;
  readonly subjects: Buffer;
  readonly terms: Buffer;
  readonly programs: Buffer;
  readonly automata: Buffer;
  /** What bodies have to be. */
  readonly schemas: Buffer;
}

/** A rule, or a question of a specification, and the number of its scope. */
export type ScopedRule = { readonly scope: number } & (
  | {
      readonly rule: Rule;
      /** Number of the threshold that it counts for: such a rule finds nothing. */
      readonly threshold?: number;
    }
  | { readonly check: Check }
);

/** What the tables say of either. */
interface Asked {
  readonly name: string;
  readonly stamp: string;
  readonly type: string;
  readonly line: string;
  readonly flags: number;
  readonly expiresAt: number;
  readonly plan: Formula;
  readonly threshold?: number;
  readonly body?: Check["body"];
}

/** Questions about one subject. */
interface Group {
  readonly subject: Subject;
  readonly entries: { readonly formula: Formula; readonly term: Term; readonly rule: number }[];
  /** Of a group of points: the `exists` that it answers, and its rule. */
  readonly exists?: Formula & { readonly kind: "exists" };
  readonly rule: number;
}

/**
 * @returns the tables of the rules
 * @throws MerlonError MERLON_POLICY when they are more than the core has room for, MERLON_EXPRESSION as the schema does
 */
export function ruleTables(scoped: readonly ScopedRule[], texts: Texts): RuleTables {
  const ordered = [...scoped].sort((a, b) => a.scope - b.scope);
  if (ordered.length > RULES_MAX) throw tooMany(`it has ${ordered.length} rules`, RULES_MAX);
  const groups = new Groups();
  const asked = ordered.map((one) => ("rule" in one ? askedOf(one.rule, one.threshold) : checkedOf(one.check)));
  for (const [index, { plan }] of asked.entries()) groups.collect(plan, index);
  const sorted = groups.sorted();
  const numbers = numberTerms(sorted);
  const streams = sorted.find(({ subject }) => subject.kind === "body")?.entries.length ?? 0;
  if (numbers.size > TERMS_MAX) throw tooMany(`its rules ask ${numbers.size} questions`, TERMS_MAX);
  if (streams > STREAMS_MAX) throw tooMany(`its rules ask ${streams} questions about the body`, STREAMS_MAX);
  checkPoints(sorted);
  const programs = new Blob();
  const automata = new Automata();
  const subjectRows = sorted.map((group) => subjectRow(group, numbers, programs, texts));
  const termRows = [
    ...sorted.flatMap(({ entries }) => entries.map(({ term, rule }) => termRow(term, rule, automata))),
    ...sorted.filter(({ exists }) => exists !== undefined).map(({ rule }) => [ANSWER, 0, 0, 0, 0, 0, rule]),
  ];
  const schemas = new SchemaTables(texts, (machine) => automata.add(machine));
  const checks = new Map(ordered.map((one, index) => ["check" in one ? one.check : undefined, index]));
  const ruleRows = asked.map(({ name, plan, line, stamp, type, flags, expiresAt, threshold, body }, index) => {
    const program = programOf(plan, numbers, name);
    const place = [ordered[index]?.scope ?? 0, programs.add(program), program.length];
    if (threshold !== undefined) return [...place, 0, 0, threshold, 0, groups.flagsOf(index) | FLAGS.count, 0];
    if (body !== undefined) {
      const row = schemas.add(
        body,
        body.tellers.map((one) => one && checks.get(one)),
      );
      return [...place, 0, 0, row, 0, groups.flagsOf(index) | FLAGS.schema, 0];
    }
    const [stampHash, typeHash] = [hashWord(stamp), hashWord(`type ${type}`)];
    return [...place, texts.add(line), line.length, stampHash, typeHash, groups.flagsOf(index) | flags, expiresAt];
  });
  return {
    rules: words(ruleRows.flat()),
    subjects: words(subjectRows.flat()),
    terms: words(termRows.flat()),
    programs: programs.content,
    automata: automata.content,
    schemas: schemas.content,
  };
}

function askedOf(rule: Rule, threshold?: number): Asked {
  const { name, type, kind, expiresAt = 0 } = rule;
  const flags = (kind === "vpatch" ? FLAGS.patch : 0) | (isReport(rule) ? FLAGS.report : 0);
  const plan = planOf(compileExpression(rule.when, REQUEST_VARIABLES), applicationId);
  const asked = { name, type, expiresAt, flags, plan, stamp: stampOf(rule), line: lineOf(rule) };
  return threshold === undefined ? asked : { ...asked, threshold };
}

function checkedOf({ name, stamp, type, reason, formula, isReport: isTold, body }: Check): Asked {
  const line = [stamp, type, "", SEVERITY, reason, ""].join("\t");
  const asked = { name, stamp, type, line, plan: formula, flags: isTold ? FLAGS.report : 0, expiresAt: 0 };
  return body === undefined ? asked : { ...asked, body };
}

/** A rule in the form of the core's catalog of signatures: stamp, type, CWE, severity, reason, CVE. */
function lineOf(rule: Rule): string {
  const known = rule.cve === undefined ? "" : `: ${rule.cve}`;
  const source = rule.reference === undefined ? "" : `, see ${rule.reference}`;
  const what = rule.kind === "vpatch" ? "virtual patch" : "rule";
  const reason = `The policy's ${what} ${rule.name} fits${known}${source}`;
  return [stampOf(rule), rule.type, "", SEVERITY, reason, rule.cve ?? ""].join("\t");
}

function tooMany(what: string, most: number): MerlonError {
  return new MerlonError("MERLON_POLICY", `the policy is too large — ${what}, and the core takes ${most}; merge some`);
}

/**
 * Refuses rules that could ask so much of a value that there would be no work left for it: nobody's traffic shall be
 * refused because a policy grew.
 */
function checkPoints(groups: readonly Group[]): void {
  const points = groups.filter(({ exists }) => exists !== undefined);
  const questions = points.reduce((sum, { entries }) => sum + entries.length, 0);
  const names = points.reduce((sum, { subject }) => sum + Buffer.byteLength(subject.name) + TERM_UNITS, 0);
  if (questions >= FUEL_PER_BYTE) throw tooMany(`its rules ask ${questions} questions of values`, FUEL_PER_BYTE - 1);
  const units = names + questions * TERM_UNITS;
  const most = FUEL_PER_BYTE * FUEL_BYTES_MORE - 1;
  if (units > most) throw tooMany(`its rules ask ${units} units of work of every value`, most);
}

class Groups {
  readonly #head = new Map<string, Group>();
  readonly #points: Group[] = [];
  readonly #collected = new Set<Formula>();
  readonly #flags = new Map<number, number>();

  flagsOf(rule: number): number {
    return this.#flags.get(rule) ?? 0;
  }

  /** Sorts a rule's questions into their groups. @param inside the group of the `exists` around */
  collect(formula: Formula, rule: number, inside?: Group): void {
    // `a ? b : c` asks a twice, and is answered once.
    if (this.#collected.has(formula)) return;
    this.#collected.add(formula);
    switch (formula.kind) {
      case "constant":
        return;
      case "term": {
        const group = inside?.subject === formula.subject ? inside : this.#groupOf(formula.subject, rule);
        group.entries.push({ formula, term: formula.term, rule });
        return;
      }
      case "exists": {
        const group: Group = { subject: formula.subject, entries: [], exists: formula, rule };
        this.#points.push(group);
        this.#note(rule, FLAGS.points);
        this.collect(formula.condition, rule, group);
        return;
      }
      case "not":
        this.collect(formula.of, rule, inside);
        return;
      default:
        for (const part of formula.of) this.collect(part, rule, inside);
    }
  }

  #groupOf(subject: Subject, rule: number): Group {
    if (subject.kind === "body") this.#note(rule, FLAGS.body);
    const key = `${subject.kind} ${subject.name}`;
    const known = this.#head.get(key) ?? { subject, entries: [], rule: 0 };
    this.#head.set(key, known);
    return known;
  }

  #note(rule: number, flag: number): void {
    this.#flags.set(rule, this.flagsOf(rule) | flag);
  }

  /** In the order of `SubjectKind`, points last. */
  sorted(): Group[] {
    const rank = ({ subject }: Group): number => SUBJECTS.indexOf(subject.kind);
    return [...[...this.#head.values()].sort((a, b) => rank(a) - rank(b)), ...this.#points];
  }
}

/** Numbers of terms in the order of their rows: those of each group, then the answers of points. */
function numberTerms(groups: readonly Group[]): ReadonlyMap<Formula, number> {
  const numbers = new Map<Formula, number>();
  for (const { entries } of groups) for (const { formula } of entries) numbers.set(formula, numbers.size);
  for (const { exists } of groups) if (exists !== undefined) numbers.set(exists, numbers.size);
  return numbers;
}

function subjectRow(group: Group, numbers: ReadonlyMap<Formula, number>, programs: Blob, texts: Texts): number[] {
  const { subject, entries, exists, rule } = group;
  const name = Buffer.from(subject.name, "utf8").toString("latin1");
  const first = entries[0] === undefined ? 0 : (numbers.get(entries[0].formula) ?? 0);
  const row = [SUBJECTS.indexOf(subject.kind), texts.add(name), name.length, first, entries.length];
  if (exists === undefined) return [...row, 0, 0, 0, 0];
  const program = programOf(exists.condition, numbers, "");
  return [...row, programs.add(program), program.length, numbers.get(exists) ?? 0, rule];
}

function termRow(term: Term, rule: number, automata: Automata): number[] {
  const row = (...values: number[]): number[] => {
    return [TERM_KINDS[term.kind], ...values, ...Array.from({ length: 5 - values.length }, () => 0), rule];
  };
  switch (term.kind) {
    case "automaton":
      return row(automata.add(term.automaton));
    case "size":
    case "number":
      return row(COMPARES.indexOf(term.compare), term.value);
    case "network": {
      const { address, prefix } = term.network;
      const halves = [address >> 64n, address >> 96n, address, address >> 32n].map((bits) => Number(bits & WORD));
      return row(...halves, prefix);
    }
    default:
      return row();
  }
}

/** Bytes that others refer to by where they begin. */
class Blob {
  readonly #parts: Buffer[] = [];
  #size = 0;

  add(part: Buffer): number {
    const at = this.#size;
    this.#parts.push(part);
    this.#size += part.length;
    return at;
  }

  get content(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Machines, equal ones once, each at a multiple of four. */
class Automata {
  readonly #blob = new Blob();
  readonly #places = new Map<string, number>();

  add(automaton: Automaton): number {
    const { classes, classCount, stateCount, start, next, ends } = automaton;
    const states = Buffer.alloc(next.length * 2);
    for (const [index, state] of next.entries()) states.writeUInt16LE(state, index * 2);
    const bytes = Buffer.concat([words([stateCount, classCount, start]), classes, states, ends]);
    const key = bytes.toString("latin1");
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const at = this.#blob.add(Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]));
    this.#places.set(key, at);
    return at;
  }

  get content(): Buffer {
    return this.#blob.content;
  }
}
