/** Operators on SQL: those of WAF-A-MoLE (Demetrio et al. 2020), each held to where a statement keeps its meaning. */
import { chance, pick, type Random } from "../../bench/random.ts";
import { type Operator, rewriting } from "../operator.ts";
import { piecesOf, rewriteFree } from "./sql-text.ts";

const SQL = ["sqli"];
const KEYWORDS = `
or and xor not union all distinct select from where order by group having limit offset like between in is
null exists case when then else end if insert into values update set delete drop table exec execute
declare waitfor delay as join div rlike regexp sleep benchmark concat substring substr ascii char count
version database user load_file extractvalue updatexml pg_sleep cast convert
`;
const WORDS = new RegExp(`\\b(?:${KEYWORDS.trim().split(/\s/).join("|")})\\b`, "gi");
/** White space of MySQL, which the other engines have but for some control characters. */
const BLANKS = ["\t", "\n", "\r", "\u000b", "\f", "  ", "\r\n"];
const COMMENTS = ["/**/", "/*x*/", "/* a b */", "/*'*/", "/**//**/", "/*\n*/", "/*1=2*/"];

function swapCase(word: string, random: Random): string {
  return [...word].map((c) => (chance(random, 0.5) ? c.toUpperCase() : c.toLowerCase())).join("");
}

/** Whether a comment stands in the middle of a word, where it is for a filter that takes it out. */
function hasSplitWord(value: string): boolean {
  const splits = value.matchAll(/([a-z]+)\/\*.*?\*\/([a-z]+)/gis);
  return [...splits].some(([, before = "", after = ""]) => (before + after).replace(WORDS, "") === "");
}

/** Writes some spaces in another way, at least one where there is one. */
function rewriteBlanks(value: string, random: Random, choices: readonly string[]): string {
  const share = pick(random, [0.3, 1]);
  const change = (probability: number): string =>
    rewriteFree(value, (text) => text.replace(/ /g, () => (chance(random, probability) ? pick(random, choices) : " ")));
  const changed = change(share);
  return changed === value ? change(1) : changed;
}

/** Operators on statements. */
export const SQL_OPERATORS: readonly Operator[] = [
  rewriting("sql case", SQL, (value, random) =>
    rewriteFree(value, (text) => text.replace(WORDS, (word) => swapCase(word, random))),
  ),
  rewriting("sql white space", SQL, (value, random) => rewriteBlanks(value, random, BLANKS)),
  rewriting("sql comment for space", SQL, (value, random) => rewriteBlanks(value, random, COMMENTS)),
  rewriting("sql line comment for space", SQL, (value, random) =>
    rewriteBlanks(value, random, ["--\n", "-- x\n", "-- '\n"]),
  ),
  rewriting("sql comment rewritten", SQL, (value, random) => {
    if (hasSplitWord(value)) return value;
    const write = (text: string): string => (/^\/\*(?![!+M]).*\*\/$/s.test(text) ? pick(random, COMMENTS) : text);
    return piecesOf(value)
      .map(({ text, free }) => (free ? text : write(text)))
      .join("");
  }),
  rewriting("sql truth added", SQL, (value, random) =>
    rewriteFree(value, (text) =>
      text.replace(/\b(\d{1,4}) ?= ?\1\b(?!\s*[-+*/%.])/g, (found) =>
        pick(random, [`${found} and 2<>3`, `${found} and true`, `${found} or false`, `${found} and 5 like 5`]),
      ),
    ),
  ),
  rewriting("sql integer", SQL, (value, random) =>
    rewriteFree(value, (text) =>
      text.replace(/(?<![\w.'"])(\d{1,4}) ?= ?\1\b(?!\s*[-+*/%.'"])/g, (_found, digits: string) => {
        const hex = `0x${Number(digits).toString(16)}`;
        return pick(random, [
          `${hex}=${hex}`,
          `(select ${digits})=${digits}`,
          `${digits}.0=${digits}`,
          `${hex}=(${digits})`,
        ]);
      }),
    ),
  ),
  rewriting("sql operator", SQL, (value, random) =>
    rewriteFree(value, (text) =>
      text
        .replace(/(?<=\S) or /gi, (found) => pick(random, [found, " || ", "||"]))
        .replace(/ and /gi, (found) => pick(random, [found, " && ", "&&"]))
        .replace(/(?<=\d) ?= ?(?=\d)/g, (found) => pick(random, [found, " like ", " <=> "]))
        .replace(/<>|!=/g, () => pick(random, ["<>", "!="])),
    ),
  ),
  rewriting("sql versioned comment", SQL, (value, random) =>
    /* One that is there already has a version of its own in mind. */
    value.includes("/*!")
      ? value
      : rewriteFree(value, (text) =>
          text.replace(/\b(?:union(?: all)?|select|or|and)\b(?=\s)/gi, (word) =>
            pick(random, [`/*!${word}*/`, `/*!50000${word}*/`, word]),
          ),
        ),
  ),
  rewriting("sql end", SQL, (value, random) =>
    value.replace(/(?:-- ?-?|#)$/, () => pick(random, ["-- -", "#", "-- x", "--\t", "-- '", "#'", "-- \n"])),
  ),
];
