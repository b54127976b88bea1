/**
 * The tables of a policy's rules, as hosts/policy/rule/sections.ts writes them. A *subject* is a part of a request; a
 * *term* asks something of one; a *program* joins the answers of terms to that of a rule.
 */

/** Parts of a request, by number; rows of subjects stand in this order. */
export enum SubjectKind {
  METHOD = 0,
  HOST = 1,
  PATH = 2,
  QUERY = 3,
  HEADER = 4,
  COOKIE = 5,
  /** All of the query as it was sent: what an API's specification asks for names that it does not know. */
  QUERY_TEXT = 6,
  /** The client's address; its terms are NETWORK, V4 and KNOWN. */
  ADDRESS = 7,
  /** Number of the application. */
  APPLICATION = 8,
  /** Second since 1970. */
  NOW = 9,
  /** The body's text as it streams by; there is one such row, and its terms are automata. */
  BODY = 10,
  /** Readings of values at points: the row's program says of each reading whether it is the one looked for. */
  POINT = 11,
}

/** A part of a request, and the terms that ask it. */
@unmanaged
export class Subject {
  kind: u32;
  /** Name of a query's value, header or cookie, or pattern of a point, in the texts. */
  name: u32;
  nameSize: u32;
  terms: u32;
  termCount: u32;
  /** Of points alone: program over its terms, the term that holds its answer, the rule that it is part of. */
  program: u32;
  programSize: u32;
  result: u32;
  rule: u32;
}

/** What a term asks. */
export enum TermKind {
  /** Whether the automaton at offset `a` finds what it looks for. */
  AUTOMATON = 0,
  /** Whether the subject is there at all. */
  PRESENT = 1,
  /** Whether its characters compare with `b` as `a` (`Compare`) says. */
  SIZE = 2,
  /** Whether the address is in the network a,b (high half, low word first), c,d, of prefix e. */
  NETWORK = 3,
  V4 = 4,
  KNOWN = 5,
  /** Whether the number compares with `b` as `a` says. */
  NUMBER = 6,
  /** The answer of a subject of points: not asked, but set. */
  ANSWER = 7,
}

/** How numbers compare. */
export enum Compare {
  EQUAL = 0,
  BELOW = 1,
  ABOVE = 2,
}

/** One question. */
@unmanaged
export class Term {
  kind: u32;
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  e: u32;
  /** The rule that asks. */
  rule: u32;
}

/** Bits of a rule. */
export enum RuleFlag {
  /** Blocks in every mode but off. */
  PATCH = 1,
  /** Is reported and blocks nothing. */
  REPORT = 2,
  /** Asks points; asks the body. */
  POINTS = 4,
  BODY = 8,
  /** Belongs to a threshold: whoever fits is only counted, by the host, and its stamp is the threshold's number. */
  COUNT = 16,
  /** Finds nothing, and says what the body has to be: its stamp is the number of a body in schema/rows.ts. */
  SCHEMA = 32,
}
/** All bits of a rule. */
export const RULE_FLAGS: u32 = 63;

/** A rule; rows stand in the order of their scopes. */
@unmanaged
export class Rule {
  scope: u32;
  program: u32;
  programSize: u32;
  /** Its line in the texts: stamp, type, CWE, severity, reason, CVE, divided by tabs as in the catalog. */
  line: u32;
  lineSize: u32;
  /**
   * Hash of its stamp, and of `type` and its type, as exceptions know them. In place of the stamp COUNT has the
   * threshold's number, and SCHEMA the body's.
   */
  stamp: u32;
  type: u32;
  /** Bits of `RuleFlag`. */
  flags: u32;
  /** Second since 1970 from which it no longer counts; 0 for never. */
  expires: u32;
}

/** Steps of a program: each takes from the stack and puts its answer there. */
export enum Step {
  FALSE = 0,
  TRUE = 1,
  NOT = 2,
  AND = 3,
  OR = 4,
  /** A term's number follows, 16 bits. */
  TERM = 5,
}

/** Answers: what is not known yet, and what will not change. */
export enum Answer {
  OPEN = 0,
  NO = 1,
  YES = 2,
}
