/**
 * From a specification to what the core asks of requests: for each endpoint a few rules in its scope, each about one
 * kind of violation, and one for what is no endpoint at all. They are asked of the head, so that they are known before
 * a body comes; where the body has to be something, a rule says so, and others tell what of it is not.
 */
import { MerlonError } from "../../core/error.ts";
import type { Match } from "../match.ts";
import { automatonOf } from "../regex/automaton.ts";
import { PatternFault } from "../regex/fault.ts";
import { parsePattern } from "../regex/parser.ts";
import { compilePattern, matchesPattern } from "../regex/regex.ts";
import { invertRanges, literalTree, type Tree } from "../regex/tree.ts";
import type { Formula, Subject } from "../rule/plan.ts";
import type { Operation, Parameter, Proof, Segment } from "./document.ts";
import { BODY_FAULTS, type HeldBody } from "./schema-section.ts";
import { type ApiSpec, VIOLATIONS, type Violation } from "./specification.ts";
import { quoted, type Value, wholePattern } from "./value.ts";

/** One question to requests, and what its answer is called. */
export interface Check {
  readonly name: string;
  readonly match: Match;
  readonly formula: Formula;
  readonly stamp: string;
  readonly type: string;
  readonly isReport: boolean;
  readonly reason: string;
  /** What the body of a request that fits has to be: then this finds nothing itself, and these tell what is not so. */
  readonly body?: HeldBody & { readonly tellers: readonly (Check | undefined)[] };
}

/** Paths in one machine; where they are too many for it, it is split. */
const PATHS_TOGETHER = 16;
const METHOD: Subject = { kind: "method", name: "" };
const PATH: Subject = { kind: "path", name: "" };
const QUERY_TEXT: Subject = { kind: "queryText", name: "" };
const NO: Formula = { kind: "constant", value: false };
const YES: Formula = { kind: "constant", value: true };
const BEGIN: Tree = { kind: "place", place: "begin" };
/** What a parameter of a path is, where nothing more is said. */
const ANY_SEGMENT = "[^/]+";
const SLASH = 0x2f;
const END: Tree = { kind: "place", place: "end" };
/** Types of bodies with stars, of which those that are JSON are asked. */
const ANY_JSON = /\*/;

const compiled = new WeakMap<ApiSpec, readonly Check[]>();

/**
 * @returns what is asked for a policy's specifications; kept for each, since policies are compiled again and again
 * @throws MerlonError MERLON_POLICY where a machine would be too large
 */
export function checksOf(specs: readonly ApiSpec[] = []): readonly Check[] {
  return specs.flatMap((spec) => {
    const known = compiled.get(spec) ?? compileSpec(spec);
    compiled.set(spec, known);
    return known;
  });
}

function compileSpec(spec: ApiSpec): Check[] {
  const { document, name } = spec;
  try {
    return document.basePaths.flatMap((base) => {
      const tellers = BODY_FAULTS.map((fault) => teller(spec, base, fault));
      return [
        ...endpointCheck(spec, base),
        ...tellers.filter((one) => one !== undefined),
        ...document.operations.flatMap((operation) => operationChecks(spec, { base, operation, tellers })),
      ];
    });
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error;
    throw new MerlonError("MERLON_POLICY", `the specification ${name} is too large — ${error.message}`);
  }
}

function checkOf(
  spec: ApiSpec,
  violation: Violation,
  match: Match,
  formula: Formula,
  where: string,
  what: string,
): Check[] {
  const action = spec.violations[violation];
  if (action === "ignore" || (formula.kind === "constant" && !formula.value)) return [];
  const { stamp, type } = VIOLATIONS[violation];
  const reason = `The request is not as the specification ${spec.name} says of ${where}: ${what}`;
  return [
    {
      name: `${spec.name} ${where}`,
      match,
      formula,
      stamp,
      type,
      isReport: action === "report",
      reason: plain(reason),
    },
  ];
}

/** What the finding about a field, or the body, is called. */
const FOUND: Readonly<Record<(typeof BODY_FAULTS)[number], string>> = {
  undefinedField: "a field of its body is not listed",
  missingField: "a field that its body needs is missing",
  invalidField: "the value of a field in its body is not as it has to be",
  invalidBody: "its body is no JSON, or missing",
};

/** @returns what tells a fault of bodies below a base path, and is asked nothing itself */
function teller(spec: ApiSpec, base: string, fault: (typeof BODY_FAULTS)[number]): Check | undefined {
  const action = spec.violations[fault];
  if (action === "ignore" || spec.document.operations.every(({ bodies }) => bodies.length === 0)) return undefined;
  const reason = plain(`The request is not as the specification ${spec.name} says: ${FOUND[fault]}`);
  const match = { ...hostOf(spec), path: belowPath(base) };
  const name = `${spec.name} ${base}/**`;
  return { name, match, formula: NO, ...VIOLATIONS[fault], isReport: action === "report", reason };
}

/** A reason stands on a line of fields divided by tabs, and has a bound. */
function plain(text: string): string {
  const shown = text.replace(/[^ -~]/g, "?");
  return shown.length > 300 ? `${shown.slice(0, 300)}...` : shown;
}

function hostOf({ host }: ApiSpec): { host?: string } {
  return host === undefined ? {} : { host };
}

/** A request below the base path that no endpoint takes; OPTIONS is how browsers ask before they send. */
function endpointCheck(spec: ApiSpec, base: string): Check[] {
  if (spec.violations.undefinedEndpoint === "ignore") return [];
  const byMethod = new Map<string, Operation[]>();
  for (const operation of spec.document.operations) {
    for (const method of methodsOf(operation)) byMethod.set(method, [...(byMethod.get(method) ?? []), operation]);
  }
  const treeOf = ({ segments }: Operation): Tree => pathTree(base, segments);
  const defined = [...byMethod].map(([method, operations]): Formula => {
    // A path that is said more closely counts, also where it does not take the method.
    const closerOf = (own: Operation): Operation[] =>
      spec.document.operations.filter((other) => {
        return isCloser(other, own) && !operations.some(({ path }) => path === other.path);
      });
    const ordinary = operations.filter((own) => closerOf(own).length === 0);
    const special = operations.filter((own) => closerOf(own).length > 0);
    const paths = [
      ...(ordinary.length === 0 ? [] : anyOf(ordinary.map(treeOf))),
      ...special.map((own) => and([machine(PATH, treeOf(own)), ...anyOf(closerOf(own).map(treeOf)).map(not)])),
    ];
    return and([textIs(METHOD, method), or(paths)]);
  });
  const asked = not(or([textIs(METHOD, "OPTIONS"), ...defined]));
  const match = { ...hostOf(spec), path: belowPath(base) };
  return checkOf(spec, "undefinedEndpoint", match, asked, `${base}/**`, "there is no such endpoint");
}

function belowPath(base: string): NonNullable<Match["path"]> {
  const end = base === "" ? ("inside" as const) : ("below" as const);
  return { segments: base.split("/").slice(1).map(decodedText), end };
}

/** Machines that together find any of the paths. */
function anyOf(trees: readonly Tree[]): Formula[] {
  if (trees.length > PATHS_TOGETHER) {
    return Array.from({ length: Math.ceil(trees.length / PATHS_TOGETHER) }, (_, index) =>
      anyOf(trees.slice(index * PATHS_TOGETHER, (index + 1) * PATHS_TOGETHER)),
    ).flat();
  }
  try {
    return [machine(PATH, { kind: "either", parts: trees })];
  } catch (error) {
    if (!(error instanceof PatternFault) || trees.length < 2) throw error;
    const half = trees.length >> 1;
    return [...anyOf(trees.slice(0, half)), ...anyOf(trees.slice(half))];
  }
}

/** An operation below a base path, and what tells of its body. */
interface Placed {
  readonly base: string;
  readonly operation: Operation;
  readonly tellers: readonly (Check | undefined)[];
}

function operationChecks(spec: ApiSpec, { base, operation, tellers }: Placed): Check[] {
  const { method, path, parameters } = operation;
  const methods = methodsOf(operation, spec.document.operations);
  const closer = spec.document.operations.filter((other) => isCloser(other, operation));
  const others = [...new Map(closer.map((other) => [other.path, other])).values()];
  // A question belongs to one rule, so that each rule gets its own.
  const here = (): Formula =>
    and([
      ...(methods.length > 1 ? [or(methods.map((one) => textIs(METHOD, one)))] : []),
      ...(isWhole(operation) ? [] : [machine(PATH, pathTree(base, operation.segments))]),
      ...others.map(({ segments }) => not(machine(PATH, pathTree(base, segments)))),
    ]);
  const asked = (): readonly (readonly [Violation, Formula, string])[] => [
    ["undefinedParameter", unknownNames(operation), "its query has a name that is not listed"],
    ["missingParameter", or(parameters.map(missing)), "a parameter that it needs is missing"],
    ["invalidParameter", invalidParameters(base, operation), "the value of a parameter is not as it has to be"],
    ["missingAuth", missingAuth(operation), "nothing shows who the client is"],
    ["invalidRequest", wrongBodyType(operation), "its content type is not listed, or missing"],
  ];
  const match = { ...hostOf(spec), path: templateOf(base, operation), ...(methods.length > 1 ? {} : { method }) };
  const found = asked().flatMap(([violation, formula, what]) => {
    return checkOf(spec, violation, match, and([here(), formula]), `${method} ${path}`, what);
  });
  if (tellers.every((one) => one === undefined)) return found;
  const held = operation.bodies.map(({ types, root }, index): Check => {
    const formula = and([here(), isBodyType(types, index === 0)]);
    const body = { document: spec.document, root, isRequired: operation.isBodyRequired, tellers };
    return {
      name: `${spec.name} ${method} ${path}`,
      match,
      formula,
      stamp: "",
      type: "",
      isReport: true,
      reason: "",
      body,
    };
  });
  return [...found, ...held];
}

/** Whether a body is of one of these types of JSON; one that says nothing of itself is of the first that is listed. */
function isBodyType(types: readonly string[], isFirst: boolean): Formula {
  const subject: Subject = { kind: "header", name: "content-type" };
  const texts = types.map((type) => {
    return ANY_JSON.test(type)
      ? `${type.startsWith("*") ? "[^/; ]+" : "application"}/(?:json|[^/; ]+\\+json)`
      : quoted(type);
  });
  const automaton = compilePattern(`(?i)\\A *(?:${texts.join("|")}) *(?:;|\\z)`);
  const isOne: Formula = { kind: "term", subject, term: { kind: "automaton", automaton } };
  return isFirst ? or([not(present(subject)), isOne]) : isOne;
}

/** HEAD is answered as GET is, where it is not said apart. */
function methodsOf({ method, path }: Operation, all: readonly Operation[] = []): string[] {
  const isApart = all.some((other) => other.path === path && other.method === "HEAD");
  return method === "GET" && !isApart ? ["GET", "HEAD"] : [method];
}

/** Whether every parameter of the path is a whole segment: then the scope is the path. */
function isWhole({ segments }: Operation): boolean {
  return segments.every((segment) => segment.length <= 1);
}

/** Whether another endpoint goes first where both fit: texts before parameters, from left to right. */
function isCloser(other: Operation, own: Operation): boolean {
  if (other.path === own.path || other.segments.length !== own.segments.length) return false;
  if (!own.segments.every((segment, index) => overlaps(segment, other.segments[index] ?? []))) return false;
  for (const [index, segment] of own.segments.entries()) {
    const theirs = rankOf(other.segments[index] ?? []);
    const mine = rankOf(segment);
    if (theirs !== mine) return theirs > mine;
  }
  return false;
}

/** Whether one text can be both; two that hold parameters are taken to overlap. */
function overlaps(one: Segment, other: Segment): boolean {
  const [text, otherText] = [textOf(one), textOf(other)];
  if (text !== undefined && otherText !== undefined) return text === otherText;
  const [fixed, open] = text === undefined ? [otherText, one] : [text, other];
  if (fixed === undefined) return true;
  const pattern = open.map((part) => (typeof part === "string" ? quoted(safeDecoded(part)) : "[^/]+")).join("");
  return matchesPattern(`^(?:${pattern})$`, fixed);
}

/** A segment without parameters. */
function textOf(segment: Segment): string | undefined {
  return segment.every((part) => typeof part === "string") ? safeDecoded(segment.join("")) : undefined;
}

/** How much of a segment is text. */
function rankOf(segment: Segment): number {
  const isText = segment.every((part) => typeof part === "string");
  return isText ? 1e6 : segment.reduce((sum, part) => sum + (typeof part === "string" ? part.length : 0), 0);
}

function templateOf(base: string, { segments }: Operation): NonNullable<Match["path"]> {
  const own = segments.map((segment) => {
    const text = segment.map((part) => (typeof part === "string" ? part : undefined));
    return text.includes(undefined) ? null : decodedText(text.join(""));
  });
  return { segments: [...base.split("/").slice(1).map(decodedText), ...own], end: "exact" };
}

/** One byte a character, percent escapes undone, as templates have them. */
function decodedText(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return bytes.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const NO_SLASH: Tree = { kind: "repeat", part: parsePattern("[^/]"), least: 1, most: Number.POSITIVE_INFINITY };

/** @param insideOf what a parameter of the path has to be; without, anything but a slash */
function pathTree(base: string, segments: readonly Segment[], insideOf = (_name: string): Tree => NO_SLASH): Tree {
  const parts = segments.flatMap((segment) => [
    literalTree("/"),
    ...segment.map((part) => (typeof part === "string" ? literalTree(safeDecoded(part)) : insideOf(part.name))),
  ]);
  return { kind: "sequence", parts: [BEGIN, literalTree(safeDecoded(base)), ...parts, END] };
}

function safeDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subjectOf({ in: kind, name }: Parameter): Subject {
  if (kind === "path") return PATH;
  return { kind, name: kind === "header" ? name.toLowerCase() : name };
}

function missing(parameter: Parameter): Formula {
  if (!parameter.isRequired || parameter.in === "path") return NO;
  return not(present(subjectOf(parameter)));
}

function invalidParameters(base: string, { parameters, segments }: Operation): Formula {
  const named = new Map(parameters.filter((one) => one.in === "path").map((one) => [one.name, one]));
  const patterns = new Map([...named].map(([name, { value }]) => [name, wholePattern(value, ANY_SEGMENT)]));
  const isAsked = [...patterns.values()].some((pattern) => pattern !== undefined && pattern !== ANY_SEGMENT);
  const inside = (name: string): Tree => {
    const pattern = patterns.get(name);
    return pattern === undefined ? NO_SLASH : withoutSlash(parsePattern(`(?:${pattern})`));
  };
  const others = parameters.filter((one) => one.in !== "path" && one.value.length > 0);
  return or([
    ...(isAsked ? [not(machine(PATH, pathTree(base, segments, inside)))] : []),
    ...others.map((one) => {
      const subject = subjectOf(one);
      const isGood = holds(subject, one.value);
      return and([present(subject), not(isGood)]);
    }),
  ]);
}

/** A segment ends at a slash, whatever its pattern says. */
function withoutSlash(tree: Tree): Tree {
  switch (tree.kind) {
    case "set":
      return { kind: "set", ranges: invertRanges([...invertRanges(tree.ranges), [SLASH, SLASH]]) };
    case "repeat":
      return { ...tree, part: withoutSlash(tree.part) };
    case "sequence":
    case "either":
      return { kind: tree.kind, parts: tree.parts.map(withoutSlash) };
    case "place":
      return tree;
  }
}

/** Whether a text is as a value says. */
function holds(subject: Subject, value: Value): Formula {
  return and(
    value.map((part): Formula => {
      switch (part.kind) {
        case "whole":
          return {
            kind: "term",
            subject,
            term: { kind: "automaton", automaton: compilePattern(`\\A(?:${part.pattern})\\z`) },
          };
        case "found":
          return { kind: "term", subject, term: { kind: "automaton", automaton: compilePattern(part.pattern) } };
        case "size":
          return and([
            ...(part.least > 0 ? [not(size(subject, "below", part.least))] : []),
            ...(part.most < 0xffff_fff0 ? [not(size(subject, "above", part.most))] : []),
          ]);
        default:
          return or(part.of.map((one) => holds(subject, one)));
      }
    }),
  );
}

/** A query that is not made of the names that are listed, however they are escaped. */
function unknownNames({ parameters, security, isQueryOpen }: Operation): Formula {
  if (isQueryOpen) return NO;
  const own = parameters.filter((one) => one.in === "query");
  const keys = security.flat().flatMap((proof) => (proof.kind === "query" ? [proof.name] : []));
  const names = [
    ...[...own.map(({ name }) => name), ...keys].map(escapedPattern),
    ...own.filter(({ hasMembers }) => hasMembers).map(({ name }) => `${escapedPattern(name)}(?:\\[|%5[Bb])[^=&]*`),
  ];
  const pair = names.length === 0 ? "" : `(?:(?:${[...new Set(names)].join("|")})(?:=[^&]*)?)?`;
  // No query is an empty one here, and has no unknown names.
  return not(machine(QUERY_TEXT, sequence(BEGIN, parsePattern(`${pair}(?:&${pair})*`), END)));
}

function sequence(...parts: readonly Tree[]): Tree {
  return { kind: "sequence", parts };
}

/** A name as queries may write it: each byte as it is or as an escape. */
function escapedPattern(name: string): string {
  return [...name]
    .map((char) => {
      const hex = [...Buffer.from(char, "utf8")]
        .map((byte) => `%${hexPattern(byte >> 4)}${hexPattern(byte & 15)}`)
        .join("");
      const plainForm = char === "%" || char === "&" || char === "=" || char === "+" ? [] : [quoted(char)];
      const forms = char === " " ? ["\\+", " "] : plainForm;
      return `(?:${[...forms, hex].join("|")})`;
    })
    .join("");
}

function hexPattern(digit: number): string {
  const text = digit.toString(16);
  return digit < 10 ? text : `[${text}${text.toUpperCase()}]`;
}

function missingAuth({ security }: Operation): Formula {
  if (security.length === 0) return NO;
  return not(or(security.map((way) => and(way.map(shown)))));
}

function shown(proof: Proof): Formula {
  if (proof.kind !== "scheme") return present({ kind: proof.kind, name: proof.name });
  const pattern = `(?i)\\A${quoted(proof.scheme)} +[^ ]`;
  const subject: Subject = { kind: "header", name: "authorization" };
  return { kind: "term", subject, term: { kind: "automaton", automaton: compilePattern(pattern) } };
}

function wrongBodyType({ bodyTypes, isBodyRequired }: Operation): Formula {
  if (bodyTypes === undefined || bodyTypes.length === 0) return NO;
  const types = bodyTypes.map((type) => quoted(type).replaceAll("\\*", "[^/; ]+"));
  const pattern = `(?i)\\A *(?:${types.join("|")}) *(?:;|\\z)`;
  const subject: Subject = { kind: "header", name: "content-type" };
  const isListed: Formula = { kind: "term", subject, term: { kind: "automaton", automaton: compilePattern(pattern) } };
  return isBodyRequired ? not(isListed) : and([present(subject), not(isListed)]);
}

function present(subject: Subject): Formula {
  return { kind: "term", subject, term: { kind: "present" } };
}

function size(subject: Subject, compare: "below" | "above", value: number): Formula {
  return { kind: "term", subject, term: { kind: "size", compare, value } };
}

function textIs(subject: Subject, text: string): Formula {
  return machine(subject, sequence(BEGIN, literalTree(text), END));
}

function machine(subject: Subject, tree: Tree): Formula {
  return { kind: "term", subject, term: { kind: "automaton", automaton: automatonOf(tree) } };
}

function not(of: Formula): Formula {
  return of.kind === "constant" ? (of.value ? NO : YES) : { kind: "not", of };
}

function and(of: readonly Formula[]): Formula {
  return joined("and", of);
}

function or(of: readonly Formula[]): Formula {
  return joined("or", of);
}

function joined(kind: "and" | "or", of: readonly Formula[]): Formula {
  const decides = kind === "or";
  const kept = of.filter((part) => part.kind !== "constant" || part.value === decides);
  if (kept.some((part) => part.kind === "constant")) return decides ? YES : NO;
  const [only] = kept;
  if (only === undefined) return decides ? NO : YES;
  return kept.length === 1 ? only : { kind, of: kept };
}
