/**
 * What a search may ask for: fields of records with their types, their names in the short form, and where the store
 * keeps them. docs/search.md lists them for people.
 */
import { INT, listOf, type Schema, STRING } from "../../policy/expression/schema.ts";
import { RECORD_VARIABLES } from "../../policy/expression/variables.ts";

/** Where the store keeps a field (store/migrations/records.ts). */
export type FieldPlace =
  | { readonly table: "findings" | "kinds" | "clients" | "paths" | "records"; readonly column: string }
  | { readonly table: "finding_marks"; readonly field: string }
  | { readonly table: "request_ids" | "labels" };

/** A field. */
export interface SearchField {
  /** What holds a value in the long form: `host == "…"`. */
  readonly name: string;
  /** Names in front of the colon in the short form; the first one is written. */
  readonly short: readonly string[];
  readonly type: "string" | "int" | "ip" | "list" | "time" | "bool";
  readonly place: FieldPlace;
  /** Records keep it in that case, so a search in any case is meant. */
  readonly fold?: "lower" | "upper";
  readonly about: string;
}

function text(name: string, short: readonly string[], column: string, about: string): SearchField {
  return { name, short, type: "string", place: { table: "kinds", column }, about };
}

function list(name: string, short: readonly string[], field: string, about: string): SearchField {
  return { name, short, type: "list", place: { table: "finding_marks", field }, about };
}

function number(name: string, short: readonly string[], column: string, about: string): SearchField {
  return { name, short, type: "int", place: { table: "kinds", column }, about };
}

const FINDING_SEVERITY: FieldPlace = { table: "findings", column: "severity" };
const FINDING_HITS: FieldPlace = { table: "findings", column: "hits" };

/** All fields. */
export const SEARCH_FIELDS: readonly SearchField[] = [
  list("type", ["type"], "type", "attack types found, such as sqli"),
  list("stamp", ["stamp", "stamps"], "stamp", "stamps of what was found, such as sqli-union"),
  list("parameter", ["p", "parameter", "point"], "point", "points where it was found, such as query.id"),
  {
    ...list("cve", ["known", "cve"], "cve", "known weaknesses that were tried, such as CVE-2021-44228"),
    fold: "upper",
  },
  { ...list("cwe", ["cwe"], "cwe", "sorts of weaknesses, such as CWE-89"), fold: "upper" },
  list("decision", ["decision"], "decision", "what became of hits: would_block, excepted, experimental, counted"),
  list("exception", ["exception"], "exception", "names of exceptions that let hits pass"),
  { ...text("host", ["d", "host", "domain"], "host", "the host that was asked for"), fold: "lower" },
  {
    name: "path",
    short: ["url", "path"],
    type: "string",
    place: { table: "paths", column: "path" },
    about: "the path",
  },
  text("template", ["route", "template"], "path", "the path with what varies replaced: /articles/{id}"),
  text("method", ["method"], "method", "the method, as sent"),
  number("status", ["statuscode", "status", "s"], "status", "status of the answer, 0 where none was seen"),
  text("app", ["app", "application", "pool"], "app", "the application's name, or its number"),
  text("action", ["action"], "action", "what was done: blocked, monitored, passed_fail_open, partially_blocked"),
  text("would_action", ["would"], "would", "what mode block would have done: pass, block"),
  text("mode", ["mode"], "mode", "the mode that counted: off, monitoring, safe_blocking, block"),
  text("source", ["source"], "source", "where it was seen: inline, oob, ebpf"),
  text("node", ["node", "node_uuid"], "node", "id of the node that judged"),
  text("node_kind", ["kind"], "node_kind", "kind of the node: sidecar, ext_proc, wasm, ebpf, local"),
  text("policy", ["policy"], "policy", "the policy that counted"),
  { ...number("severity", ["severity"], "severity", "highest severity found, 1 to 5"), place: FINDING_SEVERITY },
  { ...number("hits", ["hits"], "hits", "findings in the request"), place: FINDING_HITS },
  {
    name: "incident",
    short: ["incident"],
    type: "bool",
    place: { table: "kinds", column: "incident" },
    about: "whether the response showed what it should not",
  },
  {
    name: "ip",
    short: ["ip"],
    type: "ip",
    place: { table: "clients", column: "ip_key" },
    about: "the client's address",
  },
  {
    name: "country",
    short: ["country"],
    type: "string",
    place: { table: "clients", column: "country" },
    fold: "upper",
    about: "the client's country, two letters as in ISO 3166",
  },
  {
    name: "asn",
    short: ["asn"],
    type: "int",
    place: { table: "clients", column: "asn" },
    about: "number of the client's network, 0 where it is not known",
  },
  text("list", ["list"], "client_list", "the list that has the client: none, allow, deny, gray"),
  {
    name: "count",
    short: ["N", "count"],
    type: "int",
    place: { table: "records", column: "n" },
    about: "requests that the record stands for",
  },
  {
    name: "id",
    short: ["id"],
    type: "string",
    place: { table: "records", column: "id" },
    fold: "upper",
    about: "the record's id",
  },
  {
    name: "ref",
    short: ["ref"],
    type: "string",
    place: { table: "records", column: "id" },
    fold: "upper",
    about: "the reference that the client was shown",
  },
  {
    name: "request_id",
    short: ["request_id"],
    type: "string",
    place: { table: "request_ids" },
    about: "the id that the proxy in front gave",
  },
  {
    name: "label",
    short: ["label"],
    type: "string",
    place: { table: "labels" },
    about: "what an analyst said: false_positive, true_attack",
  },
  { name: "ts", short: ["time"], type: "time", place: { table: "records", column: "at" }, about: "when it was" },
];

/** Types of the fields for the reader of expressions; what rules share with records is taken from there. */
export const SEARCH_SCHEMA: Schema = Object.fromEntries([
  ...SEARCH_FIELDS.map(({ name, type, about }) => {
    const own = { type: type === "int" ? INT : type === "list" ? listOf(STRING) : STRING, about, charsMax: 2048 };
    const bool = { type: { kind: "bool" } as const, about };
    return [name, RECORD_VARIABLES[name] ?? (type === "bool" ? bool : own)] as const;
  }),
  ["now", { type: { kind: "timestamp" } as const, about: "the time" }] as const,
]);

/** @returns the field of that name in the long form */
export function fieldOf(name: string): SearchField | undefined {
  return SEARCH_FIELDS.find((field) => field.name === name);
}

/** @returns the field of that name in the short form; in any case, but `N` */
export function fieldOfShort(name: string): SearchField | undefined {
  return SEARCH_FIELDS.find(({ short }) => short.includes(name) || short.includes(name.toLowerCase()));
}
