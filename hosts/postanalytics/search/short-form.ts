/**
 * The short form of a search, as it is typed in the console's box: words one after another, all of which must hold.
 * `sqli shop-web url:/api/* !ip:10.0.0.0/8 blocked last:24h`. docs/search.md tells it for people.
 */
import { parseDuration, parseTimestamp } from "../../policy/expression/time.ts";
import { nearestOf, suggestion } from "../../policy/nearest.ts";
import { parseNetwork } from "../../policy/network.ts";
import { CHIP_RELATIONS, CHIP_WORDS, type Chip, type ChipRelation } from "./chip.ts";
import { fieldOf, fieldOfShort, SEARCH_FIELDS, type SearchField } from "./fields.ts";
import { patternCost, patternOfGlob } from "./pattern.ts";
import { SearchFault } from "./search-fault.ts";

/** Attack types that stand alone; others are written `type:name`, so that a newer core's types are found too. */
export const KNOWN_TYPES: readonly string[] = [
  ...["auth", "crlf", "data_bomb", "deserialize", "file_upload_violation", "gql_aliases", "gql_depth"],
  ...["gql_introspection", "infoleak", "ldapi", "mail_injection", "mass_assignment", "nosqli", "ptrav", "rce", "redir"],
  ...["rfi", "scanner", "sqli", "ssi", "ssrf", "ssti", "vpatch", "xpath", "xss", "xxe"],
];

const CHIPS_MAX = 64;
const VALUES_MAX = 256;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]);
/** Words of other products' searches for what is a field here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  false_positive: "falsepositive",
  fp: "falsepositive",
  true_attack: "trueattack",
  incidents: "incident",
};

interface Word {
  /** Characters of the search in front of it. */
  readonly at: number;
  readonly not: boolean;
  /** What stands in front of the colon. */
  readonly name: string | undefined;
  readonly relation: ChipRelation;
  readonly values: readonly string[];
}

/**
 * Reads the short form.
 * @throws SearchFault MERLON_SEARCH with the column, what was met and what to write
 */
export function readShortForm(text: string): readonly Chip[] {
  const words = wordsOf(text);
  if (words.length > CHIPS_MAX) {
    throw new SearchFault(words[CHIPS_MAX]?.at ?? 0, `the search has ${words.length} words — ${CHIPS_MAX} are taken`);
  }
  return words.map(chipOf);
}

/** One word after another: a sign, a name, a comparison, values; anything of it but the values may be missing. */
function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const word =
    /\s*([!-]?)(?:([A-Za-z_]+):)?(>=|<=|>|<)?((?:"(?:[^"\\]|\\.)*"|[^\s",])*(?:,(?:"(?:[^"\\]|\\.)*"|[^\s",])*)*)/y;
  for (let at = 0; at < text.length; ) {
    word.lastIndex = at;
    const found = word.exec(text);
    const [whole = "", sign = "", name, relation = "is", values = ""] = found ?? [];
    const begin = at + (whole.length - whole.trimStart().length);
    if (whole.trim() === "" && text.slice(begin).trim() === "") break;
    const next = text[at + whole.length];
    if (whole === "" || (next !== undefined && !/\s/.test(next))) {
      const fix = next === '"' ? 'end it with "' : "put the value in quotes";
      throw new SearchFault(
        begin,
        `this word is not complete — ${next === '"' ? "a quote is open" : "it stops"}; ${fix}`,
      );
    }
    if (name !== undefined && values === "") {
      throw new SearchFault(begin, `${name}: has no value — write one behind the colon, without a space`);
    }
    words.push({
      at: begin,
      not: sign !== "",
      name,
      relation: CHIP_RELATIONS.find((one) => one === relation) ?? "is",
      values: splitValues(values),
    });
    at += whole.length;
  }
  return words;
}

function splitValues(text: string): string[] {
  const values = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+|(?<=^|,)(?=,|$)/g) ?? [""];
  return values.map((value) =>
    value.replace(/"((?:[^"\\]|\\.)*)"/g, (_, inside: string) => inside.replace(/\\(["\\])/g, "$1")),
  );
}

function chipOf(word: Word): Chip {
  const { at, not, name, relation, values } = word;
  if (values.length > VALUES_MAX) throw new SearchFault(at, `${values.length} values — ${VALUES_MAX} are taken`);
  if (name === undefined) return bareChip(word);
  if (name.toLowerCase() === "last") return lastChip(word);
  const field = fieldOfShort(name);
  if (field === undefined) throw unknownField(at, name);
  const taken = values.flatMap((value) => valuesOf(field, value, relation, at));
  return { field: field.name, not, relation, values: taken };
}

function unknownField(at: number, name: string): SearchFault {
  const names = SEARCH_FIELDS.map(({ short }) => short[0] ?? "");
  const all = [...SEARCH_FIELDS.flatMap(({ short }) => short), "last"];
  const fix = suggestion(name, all) || `put "${name}:…" in quotes if it is a value`;
  return new SearchFault(at, `"${name}" is no field — it takes ${[...names, "last"].join(", ")}; ${fix}`);
}

/** A word alone says by its look what it is: a state, an attack type, an address, a CVE, a path; else an application. */
function bareChip({ at, not, relation, values }: Word): Chip {
  const [value = ""] = values;
  if (relation !== "is" || value === "") {
    throw new SearchFault(at, `a comparison needs a field — write one in front, such as statuscode:>=500`);
  }
  const lower = value.toLowerCase();
  const state = CHIP_WORDS[Object.hasOwn(SYNONYMS, lower) ? (SYNONYMS[lower] ?? lower) : lower];
  if (state !== undefined && values.length === 1) return { field: state[0], not, relation, values: [state[1]] };
  const name = fieldByLook(value);
  if (name === "app") {
    const near = nearestOf(value, [...KNOWN_TYPES, ...Object.keys(CHIP_WORDS)]);
    if (near !== undefined && near !== lower) {
      throw new SearchFault(
        at,
        `"${value}" is no attack type — did you mean "${near}"? For an application write app:${value}`,
      );
    }
  }
  const field = fieldOf(name);
  if (field === undefined) throw unknownField(at, name);
  return { field: name, not, relation, values: values.flatMap((one) => valuesOf(field, one, relation, at)) };
}

function fieldByLook(value: string): string {
  if (KNOWN_TYPES.includes(value.toLowerCase())) return "type";
  if (typeof parseNetwork(value) !== "string") return "ip";
  if (/^cve-\d{4}-\d+$/i.test(value)) return "cve";
  if (METHODS.has(value)) return "method";
  if (/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(value)) return "id";
  if (/^[0-7][0-9A-HJKMNP-TV-Z]{15}$/.test(value)) return "ref";
  return value.startsWith("/") ? "path" : "app";
}

function lastChip({ at, not, relation, values }: Word): Chip {
  const [value = ""] = values;
  // Days and weeks are what people say, and hours are what expressions have.
  const days = /^(\d{1,4})([dw])$/.exec(value);
  const span = days === null ? value : `${Number(days[1]) * (days[2] === "w" ? 168 : 24)}h`;
  const nanos = parseDuration(span);
  if (values.length !== 1 || relation !== "is" || nanos === undefined || nanos <= 0n) {
    throw new SearchFault(at, `last:${value} is no time — write last:24h, last:30m or last:7d`);
  }
  return { field: "last", not, relation, values: [span] };
}

/** Checks a value by its field's type. @returns it as the chip has it */
function valuesOf(field: SearchField, value: string, relation: ChipRelation, at: number): string[] {
  const name = field.short[0] ?? field.name;
  const wrong = (what: string, fix: string): never => {
    throw new SearchFault(at, `${name}:${value} is ${what} — ${fix}`);
  };
  if (relation !== "is" && field.type !== "int" && field.type !== "time") {
    return wrong("no number", `${relation} takes fields with numbers and times, such as statuscode:>=500`);
  }
  switch (field.type) {
    case "int":
      if (relation === "is" ? /^\d{1,15}(?:-\d{1,15})?$/.test(value) : /^\d{1,15}$/.test(value)) return [value];
      return wrong("no whole number", "write one such as 403, a range such as 500-599, or >400");
    case "ip": {
      const network = parseNetwork(value);
      return typeof network === "string"
        ? wrong(`no network: it ${network}`, "write 192.0.2.1 or 10.0.0.0/8")
        : [value];
    }
    case "time": {
      const whole = /^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T00:00:00Z` : value;
      if (parseTimestamp(whole) !== undefined) return [whole];
      return wrong("no time", `write time:>2027-02-01 or time:>"2027-02-01T12:00:00Z", or last:24h`);
    }
    case "bool":
      return value === "true" ? [value] : wrong("neither", `write ${name} or !${name}`);
    default: {
      const cost = patternCost(patternOfGlob(value));
      return cost === undefined
        ? [folded(field, value)]
        : wrong("no pattern that is taken", `it ${cost}; make it shorter`);
    }
  }
}

/** Hosts and codes are kept in one case; whoever types one means that. */
function folded({ fold }: SearchField, value: string): string {
  if (fold === undefined) return value;
  return fold === "lower" ? value.toLowerCase() : value.toUpperCase();
}
