/**
 * From YAML text to a checked policy, with errors that name the line and column, the field that was probably meant and
 * what to write instead.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import type { z } from "zod";
import { MerlonError } from "../core/error.ts";
import { type Exception, exceptionOf } from "./exception.ts";
import type { IpList } from "./ip-list.ts";
import { suggestion } from "./nearest.ts";
import { documentSchemas, type Policy } from "./schema.ts";
import type { Path } from "./specification/references.ts";
import { readApiSpec, type SpecFileReader } from "./specification/spec-text.ts";
import type { ApiSpec } from "./specification/specification.ts";

/** Aliases multiply what a document holds; a policy needs few. */
const ALIASES_MAX = 64;
const SHOWN_CHARS_MAX = 60;

/** Fields that the cluster resource will have and that no file may set, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  targetRefs: "a policy file applies to all that its host protects; delete it",
  overrides: "a policy file has no other policy below it; set spec.defaults and delete it",
  status: "it is written by the cluster; delete it",
};

/** Documents of one file. */
const DOCUMENTS_MAX = 32_768;
type Kind = keyof typeof documentSchemas;
const KINDS = Object.keys(documentSchemas);
/** Kinds of the cluster that a file cannot have yet. */
const LATER: ReadonlySet<string> = new Set(["WafExport"]);

/** What a text holds beside the one WafPolicy of a file. */
export interface PolicyObjects {
  readonly exceptions: readonly Exception[];
  readonly ipLists: readonly IpList[];
}

/**
 * Reads a policy from YAML text: one WafPolicy and any number of exceptions and IP lists.
 * @param name of the file, for messages
 * @param readFile gives the texts of files that specifications name; without, they have to stand in the text
 * @throws MerlonError MERLON_POLICY with line and column
 */
export function parsePolicy(text: string, name: string, readFile?: SpecFileReader): Policy {
  const { policy, exceptions, ipLists, apiSpecs } = parseDocuments(text, name, readFile);
  if (policy === undefined) {
    throw new MerlonError("MERLON_POLICY", `${name} holds no WafPolicy — one is expected; see docs/policy.md for one`);
  }
  const whole = withObjects(policy, { exceptions, ipLists });
  return apiSpecs.length === 0 ? whole : { ...whole, apiSpecs };
}

/**
 * Reads exceptions and IP lists, as they are added to a policy that is elsewhere.
 * @throws MerlonError MERLON_POLICY with line and column
 */
export function parseObjects(text: string, name: string): PolicyObjects {
  if (text.trim() === "") return { exceptions: [], ipLists: [] };
  const { policy, exceptions, ipLists, apiSpecs } = parseDocuments(text, name);
  if (policy === undefined && apiSpecs.length === 0) return { exceptions, ipLists };
  const what = `a ${policy === undefined ? "WafApiSpec" : "WafPolicy"}`;
  throw new MerlonError("MERLON_POLICY", `${name} holds ${what} — only exceptions and lists can be added; delete it`);
}

/** @returns the policy with more exceptions and lists; of two exceptions of one name the policy's own stays */
export function withObjects(policy: Policy, { exceptions, ipLists }: PolicyObjects): Policy {
  const own = policy.exceptions ?? [];
  const names = new Set(own.map(({ name }) => name));
  const all = [...own, ...exceptions.filter(({ name }) => !names.has(name))];
  const lists = [...(policy.ipLists ?? []), ...ipLists];
  return {
    ...policy,
    ...(all.length === 0 ? {} : { exceptions: all }),
    ...(lists.length === 0 ? {} : { ipLists: lists }),
  };
}

interface Parsed extends PolicyObjects {
  readonly policy: Policy | undefined;
  readonly apiSpecs: readonly ApiSpec[];
}

function parseDocuments(text: string, name: string, readFile?: SpecFileReader): Parsed {
  const source: Source = { name, lines: new LineCounter() };
  const documents = parseAll(text, source);
  let policy: Policy | undefined;
  const exceptions = new Map<string, Exception>();
  const ipLists: IpList[] = [];
  const apiSpecs: ApiSpec[] = [];
  for (const document of documents) {
    const value = plainValue(document, name);
    const kind = kindOfDocument(value, document, source);
    const parsed = documentSchemas[kind].safeParse(value, { reportInput: true });
    if (!parsed.success) throw documentError(documentSchemas[kind], parsed.error, document, source);
    const { data } = parsed;
    if (data.kind === "WafPolicy") {
      if (policy !== undefined) throw twice(document, source, "a second WafPolicy begins", "a file has one; split it");
      const { defaults, scopes, rules, packs, thresholds } = data.spec;
      policy = {
        ...defaults,
        ...(scopes && { scopes }),
        ...(rules && { rules }),
        ...(packs && { packs }),
        ...(thresholds && { thresholds }),
      };
      continue;
    }
    if (data.kind === "WafIPList") {
      ipLists.push(data.spec);
      continue;
    }
    if (data.kind === "WafApiSpec") {
      const own = data.metadata?.name ?? `api-${apiSpecs.length + 1}`;
      if (apiSpecs.some((spec) => spec.name === own)) {
        const what = `a second WafApiSpec ${showText(own)} begins`;
        throw twice(document, source, what, "names tell them apart; rename it");
      }
      const placeAt = (path: Path): string => placeOf(source, offsetOfPath(document, ["spec", ...path], false));
      apiSpecs.push(readApiSpec(own, data.spec, placeAt, readFile));
      continue;
    }
    const own = data.metadata?.name ?? `exception-${exceptions.size + 1}`;
    if (exceptions.has(own)) {
      const what = `a second WafException ${showText(own)} begins`;
      throw twice(document, source, what, "names tell them apart; rename it");
    }
    exceptions.set(own, exceptionOf(own, data.spec));
  }
  return { policy, exceptions: [...exceptions.values()], ipLists, apiSpecs };
}

/** A text being read: its name for messages, and where its lines begin. */
interface Source {
  readonly name: string;
  readonly lines: LineCounter;
}

function placeOf({ name, lines }: Source, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${name}:${line}:${col}`;
}

function twice(document: Document.Parsed, source: Source, what: string, fix: string): MerlonError {
  return new MerlonError("MERLON_POLICY", `${placeOf(source, startOf(document.contents) ?? 0)}: ${what} — ${fix}`);
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(documentSchemas, kind);
}

/** @returns the kind whose schema the document is held against; WafPolicy where it says none that is known */
function kindOfDocument(value: unknown, document: Document.Parsed, source: Source): Kind {
  const kind = isObject(value) && "kind" in value ? value.kind : undefined;
  if (typeof kind !== "string") return "WafPolicy";
  if (isKind(kind)) return kind;
  const at = placeOf(source, offsetOfPath(document, ["kind"], false));
  const why = LATER.has(kind) ? "this version obeys none, so it would have no effect" : `it takes ${KINDS.join(", ")}`;
  const fix = LATER.has(kind) ? "delete it" : suggestion(kind, KINDS) || "write one of them";
  throw new MerlonError("MERLON_POLICY", `${at}: kind is "${showText(kind)}" — ${why}; ${fix}`);
}

function documentError(schema: unknown, error: z.ZodError, document: Document.Parsed, source: Source): MerlonError {
  const placed = error.issues.map((issue) => ({ issue, offset: offsetOf(document, issue) }));
  // What is written comes before what is missing: the name of a missing field is often there, but misspelt.
  placed.sort((a, b) => Number(isMissing(a.issue)) - Number(isMissing(b.issue)) || a.offset - b.offset);
  const [first] = placed;
  if (first === undefined) return new MerlonError("MERLON_POLICY", `${source.name} is no policy`);
  const { issue, offset } = first;
  const more = error.issues.length - 1;
  const others = more === 0 ? "" : ` (and ${more} more to mend after it)`;
  return new MerlonError("MERLON_POLICY", `${placeOf(source, offset)}: ${explain(schema, issue)}${others}`);
}

/** @returns the documents of the text, at least one */
function parseAll(text: string, source: Source): Document.Parsed[] {
  const { name, lines } = source;
  let documents: Document.Parsed[];
  try {
    const options = { lineCounter: lines, prettyErrors: false, version: "1.2", schema: "core" } as const;
    const parsed = parseAllDocuments(text, options);
    documents = "empty" in parsed ? [] : parsed;
  } catch (cause) {
    throw new MerlonError("MERLON_POLICY", `${name} is no YAML — it is nested too deeply; flatten it`, { cause });
  }
  if (documents.length === 0) {
    throw new MerlonError("MERLON_POLICY", `${name} is empty — a policy is expected; see docs/policy.md for one`);
  }
  if (documents.length > DOCUMENTS_MAX) {
    const why = `it has ${documents.length} documents, and ${DOCUMENTS_MAX} are taken`;
    throw new MerlonError("MERLON_POLICY", `${name} is too large — ${why}; delete what has expired`);
  }
  for (const { errors } of documents) {
    const [error] = errors;
    if (error === undefined) continue;
    const at = placeOf(source, error.pos[0]);
    throw new MerlonError("MERLON_POLICY", `${at}: no valid YAML — ${showText(error.message)}; mend this line`);
  }
  return documents;
}

function plainValue(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    const why = "its aliases are too many or lead nowhere";
    throw new MerlonError("MERLON_POLICY", `${name} cannot be read — ${why}; write the values out`, { cause });
  }
}

/** @returns offset in the text of what an issue is about: the unknown key, the value, or the map that lacks one */
function offsetOf(document: Document.Parsed, issue: z.core.$ZodIssue): number {
  const isKey = issue.code === "unrecognized_keys";
  return offsetOfPath(document, isKey ? [...issue.path, issue.keys[0] ?? ""] : issue.path, isKey);
}

/** @param ofKey of the key that the path ends with, not of its value */
function offsetOfPath(document: Document.Parsed, path: readonly PropertyKey[], ofKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (pair === undefined) break;
      const keyAt = startOf(pair.key) ?? offset;
      const isKey = ofKey && index === path.length - 1;
      offset = isKey ? keyAt : (startOf(pair.value) ?? keyAt);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function isNode(node: unknown): node is Node {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.input === undefined && issue.code !== "unrecognized_keys";
}

/** @returns what is wrong, why, and what to write */
function explain(schema: unknown, issue: z.core.$ZodIssue): string {
  const field = fieldName(issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownField(schema, issue);
    case "invalid_value":
      return wrongValue(field, issue.input, issue.values.map(String));
    case "invalid_type":
      if (issue.input === undefined) return `${field} is missing — every policy says it; add it`;
      if (issue.input === null)
        return `${field} is empty — it takes ${kindName(issue.expected)}; fill it in or delete it`;
      return `${field} is ${kindOf(issue.input)} — it takes ${kindName(issue.expected)}; see docs/policy.md`;
    case "too_big":
      return `${field} is too large — it takes at most ${issue.maximum}${unitOf(issue.origin)}; write less`;
    case "too_small":
      return `${field} is too small — it takes at least ${issue.minimum}${unitOf(issue.origin)}; write more`;
    default:
      return `${field} ${shownInput(issue.input)}${issue.message}`;
  }
}

function unknownField(schema: unknown, issue: z.core.$ZodIssueUnrecognizedKeys): string {
  const [key = ""] = issue.keys;
  const place = fieldName(issue.path);
  const reason = issue.path.length <= 1 ? ELSEWHERE[key] : undefined;
  if (reason !== undefined && Object.hasOwn(ELSEWHERE, key))
    return `"${key}" has no place in a policy file — ${reason}`;
  const known = fieldsAt(schema, issue.path);
  const fix = suggestion(key, known) || "see docs/policy.md, or delete it";
  const list = known.length === 0 ? "" : ` — it takes ${known.join(", ")}`;
  return `"${showText(key)}" is no field of ${place}${list}; ${fix}`;
}

function wrongValue(field: string, input: unknown, values: readonly string[]): string {
  if (input === undefined) return `${field} is missing — a policy file begins with it; write ${field}: ${values[0]}`;
  if (input === null) return `${field} is empty — it takes one of ${values.join(", ")}; fill it in or delete it`;
  const written = typeof input === "string" ? input : JSON.stringify(input);
  // YAML 1.1 reads a bare `off` as false; who asks for that version must quote it.
  const fix = typeof input === "boolean" ? "put it in quotes" : suggestion(written, values);
  const choice = values.length === 1 ? `${values[0]}` : `one of ${values.join(", ")}`;
  return `${field} is "${showText(written)}" — it takes ${choice}; ${fix || `write ${choice}`}`;
}

/** @returns names of the fields that the schema knows at a path */
function fieldsAt(document: unknown, path: readonly PropertyKey[]): string[] {
  let schema = document;
  for (const step of path) schema = typeof step === "number" ? elementOf(schema) : shapeOf(schema)[String(step)];
  return Object.keys(shapeOf(schema));
}

/** What a schema wraps, defaults and the like taken off. */
function bare(schema: unknown): object {
  let at = schema;
  while (isObject(at) && "def" in at && isObject(at.def) && "innerType" in at.def) at = at.def.innerType;
  return isObject(at) ? at : {};
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  const at = bare(schema);
  return "shape" in at && isObject(at.shape) ? { ...at.shape } : {};
}

function elementOf(schema: unknown): unknown {
  const at = bare(schema);
  return "element" in at ? at.element : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the policy";
  return path
    .map((step, at) => (typeof step === "number" ? `[${step}]` : `${at === 0 ? "" : "."}${showText(String(step))}`))
    .join("");
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  object: "a map of fields",
  record: "a map of texts",
  string: "text",
  int: "a whole number",
  number: "a number",
};

function kindName(expected: string): string {
  return KIND_NAMES[expected] ?? expected;
}

function kindOf(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  return KIND_NAMES[typeof input] ?? `a ${typeof input}`;
}

function unitOf(origin: string): string {
  return origin === "array" ? " entries" : origin === "string" ? " characters" : "";
}

function shownInput(input: unknown): string {
  return typeof input === "string" || typeof input === "number" ? `"${showText(String(input))}" ` : "";
}

/** The author's own words, made safe for a terminal and short. */
function showText(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length > SHOWN_CHARS_MAX ? `${plain.slice(0, SHOWN_CHARS_MAX)}…` : plain;
}
