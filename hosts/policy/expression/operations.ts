/** Which operators and functions take which types, and what they give: the one table behind messages and checks. */
import type { CallName, Type } from "./ast.ts";
import { ANY, BOOL, CIDR, DURATION, INT, IP, listOf, STRING, TIMESTAMP } from "./schema.ts";

/** One form of a call. */
export interface Form {
  /** Types of the arguments, the receiver first. */
  readonly takes: readonly Type[];
  readonly gives: Type;
  /** The receiver stands in front of a dot, or the form is a plain function or an operator; `both` for either. */
  readonly written?: "member" | "both";
}

const LIST = listOf(ANY);
const MAP: Type = { kind: "map", of: ANY };
const ORDERED = [INT, STRING, TIMESTAMP, DURATION];

function orderings(): Form[] {
  return ORDERED.map((type) => ({ takes: [type, type], gives: BOOL }));
}

function textTest(written: "member" | "both"): Form[] {
  return [{ takes: [STRING, STRING], gives: BOOL, written }];
}

const INT_PAIR: Form = { takes: [INT, INT], gives: INT };

/** Forms of the calls whose result depends on the types of their arguments alone; the others are in check-call.ts. */
export const FORMS: Readonly<Partial<Record<CallName, readonly Form[]>>> = {
  "&&": [{ takes: [BOOL, BOOL], gives: BOOL }],
  "||": [{ takes: [BOOL, BOOL], gives: BOOL }],
  "!": [{ takes: [BOOL], gives: BOOL }],
  "<": orderings(),
  "<=": orderings(),
  ">": orderings(),
  ">=": orderings(),
  "+": [
    INT_PAIR,
    { takes: [STRING, STRING], gives: STRING },
    { takes: [TIMESTAMP, DURATION], gives: TIMESTAMP },
    { takes: [DURATION, TIMESTAMP], gives: TIMESTAMP },
    { takes: [DURATION, DURATION], gives: DURATION },
  ],
  "-": [
    INT_PAIR,
    { takes: [TIMESTAMP, TIMESTAMP], gives: DURATION },
    { takes: [TIMESTAMP, DURATION], gives: TIMESTAMP },
    { takes: [DURATION, DURATION], gives: DURATION },
  ],
  "*": [INT_PAIR],
  "/": [INT_PAIR],
  "%": [INT_PAIR],
  negate: [{ takes: [INT], gives: INT }],
  size: [STRING, LIST, MAP].map((type): Form => ({ takes: [type], gives: INT, written: "both" })),
  startsWith: textTest("member"),
  endsWith: textTest("member"),
  contains: textTest("member"),
  matches: textTest("both"),
  lowerAscii: [{ takes: [STRING], gives: STRING, written: "member" }],
  family: [{ takes: [IP], gives: INT, written: "member" }],
  prefixLength: [{ takes: [CIDR], gives: INT, written: "member" }],
  containsIP: [{ takes: [CIDR, IP], gives: BOOL, written: "member" }],
  containsCIDR: [{ takes: [CIDR, CIDR], gives: BOOL, written: "member" }],
};

/** Functions that stand for what they are computed from at once, and have no place in the tree. */
export const MAKERS = ["ip", "cidr", "timestamp", "duration", "isIP"] as const;

/** Functions of CEL that are left out, with what to write instead. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  exists_one: "write exists",
  filter: "write exists with the condition",
  map: "write exists with a condition on the element",
  int: "compare values of one type",
  uint: "compare values of one type",
  double: "compare whole numbers",
  string: "compare values of one type",
  bytes: "compare texts",
  type: "types are known before the expression runs; delete the comparison",
  dyn: "types are known before the expression runs; delete it",
  find: "write matches",
  findAll: "write matches",
  getHours: "compare timestamps",
  isCIDR: "write the network itself",
};

/** Names of functions, for suggestions. */
export const FUNCTION_NAMES: readonly string[] = [
  ...Object.keys(FORMS).filter((name) => /^[a-z]/.test(name) && name !== "negate"),
  ...MAKERS,
  "has",
  "exists",
  "all",
];
