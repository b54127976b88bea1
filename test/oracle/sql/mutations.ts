/**
 * Rewritings that leave a statement's meaning, or may do so: who applies one asks an engine whether the value is still
 * an attack. The families are those of WAF-A-MoLE (Demetrio et al. 2020) and what dialects add.
 */
import { chance, pick, type Random } from "../../bench/random.ts";

/** A rewriting; it returns the value as it was where it finds nothing to rewrite. */
export type Mutation = (value: string, random: Random) => string;

const BLANKS = [
  "\t",
  "\n",
  "\r",
  "\u000b",
  "\f",
  "  ",
  "/**/",
  "/*a*/",
  "\u00a0",
  "+",
  "--\n",
  "-- x\n",
  "#\n",
  "#y\n",
  "/*!*/",
  "/*,*/",
];
const NUMBER = /(?<![\w.'"$])\d+(?![\w.'"])/g;

/** Rewrites one occurrence of an expression, chosen by chance. */
function rewriteOne(expression: RegExp, write: (found: string, random: Random) => string): Mutation {
  return (value, random) => {
    const found = [...value.matchAll(expression)];
    if (found.length === 0) return value;
    const one = pick(random, found);
    return value.slice(0, one.index) + write(one[0], random) + value.slice(one.index + one[0].length);
  };
}

function choose(...choices: readonly string[]): (found: string, random: Random) => string {
  return (_found, random) => pick(random, choices);
}

function literal(number: number, random: Random): string {
  const hex = number.toString(16);
  return pick(random, [
    `0x${hex}`,
    `${number}.0`,
    `${number}.`,
    `${number}e0`,
    `${number}E+0`,
    `(${number})`,
    `- -${number}`,
    `+${number}`,
    `~~${number}`,
    `(select ${number})`,
    `{a ${number}}`,
    `{\`\` ${number}}`,
    `abs(${number})`,
    `0b${number.toString(2)}`,
    `x'${hex.padStart(hex.length + (hex.length % 2), "0")}'`,
    `${number}%${number + 7}`,
    `'${number}'`,
    `length('${"a".repeat(number % 10)}')`,
    `${number}::int`,
    `cast(${number} as signed)`,
    `(((${number})))`,
    `@a`,
    `pi()`,
    `true`,
  ]);
}

/** All rewritings. */
export const MUTATIONS: readonly Mutation[] = [
  rewriteOne(/[a-z]+/gi, (word, random) =>
    [...word].map((c) => (chance(random, 0.5) ? c.toUpperCase() : c.toLowerCase())).join(""),
  ),
  rewriteOne(/ /g, (_blank, random) => pick(random, BLANKS)),
  rewriteOne(/ /g, (_blank, random) => pick(random, BLANKS)),
  rewriteOne(/(?<=\W) | (?=\W)/g, choose("")),
  rewriteOne(/\/\*.*?\*\//g, choose(" ", "/*b'*/", '/*"*/', "/*(*/", "/**/ /**/", "/*;*/", "/*/*/", "/*--*/")),
  rewriteOne(/\b(?:or|and|union|select|from|where|like|between|not|is|null)\b/gi, (word, random) =>
    pick(random, [
      `/*!${word}*/`,
      `/*!50000${word}*/`,
      `/*!40101 ${word} */`,
      `/*M!${word}*/`,
      `/**/${word}/**/`,
      `(${word}`,
      `\n${word}\n`,
    ]),
  ),
  rewriteOne(/\bor\b/gi, choose("||", "xor", "or 0 or", "|", "or not not", "or(0)or", "||'0'||", "and 1 or")),
  rewriteOne(/\band\b/gi, choose("&&", "and 1 and", "&", "or 0 and", "and not not", "and true and", "*")),
  rewriteOne(
    /(?<![<>!=])=(?!=)/g,
    choose(
      " like ",
      "<=>",
      " in ",
      "==",
      ">=",
      "<=",
      "!=",
      "<>",
      " is ",
      " rlike ",
      " = + ",
      " is not ",
      " between 0 and ",
      "|",
      "-",
      "^",
    ),
  ),
  rewriteOne(/ between \d+ and (?=\d)/g, choose(" in (1,", "<=", " like ")),
  rewriteOne(NUMBER, (number, random) => literal(Number(number) % 1_000_000, random)),
  rewriteOne(NUMBER, (number, random) => literal(Number(number) % 1_000_000, random)),
  rewriteOne(NUMBER, (_number, random) => String(random(9))),
  rewriteOne(
    /\d+\s*(?:=|<|>)\s*\d+/g,
    choose(
      "1",
      "true",
      "not false",
      "'1'",
      "2>1",
      "1 like 1",
      "null is null",
      "1 in(1)",
      "pi()",
      "~0",
      "'a'<'b'",
      "(select 1)",
      "exists(select 1)",
      "id=id",
      "name",
      "name is not null",
      "length(name)",
      "1<=>1",
      "''=''",
      '""=""',
      "0x31=0x31",
      "1 is true",
      "now()",
      "version() is not null",
      "@@version",
      "!0",
      "-1",
      "(1,2)=(1,2)",
      "row(1,1)=row(1,1)",
      "case 1 when 1 then 1 end",
      "1 between 1 and 1",
      "1 not in (2)",
      "id-id=0",
      "nullif(1,1) is null",
      "isnull(null)",
      "id",
    ),
  ),
  rewriteOne(/'([^'\\]{0,8})'/g, (quoted, random) => {
    const inner = quoted.slice(1, -1);
    const hex = Buffer.from(inner).toString("hex");
    const codes = [...inner].map((c) => c.charCodeAt(0));
    return pick(random, [
      `0x${hex || "00"}`,
      `x'${hex}'`,
      `"${inner}"`,
      `char(${codes.join(",") || 32})`,
      `N'${inner}'`,
      `_latin1'${inner}'`,
      `e'${inner}'`,
      `$$${inner}$$`,
      `concat('${inner}')`,
      `'${inner}' ''`,
      `lower('${inner}')`,
      `binary '${inner}'`,
      `trim('${inner}')`,
      `('${inner}')`,
      `$a$${inner}$a$`,
      `reverse('${inner}')`,
    ]);
  }),
  rewriteOne(
    /'[^']*'$|(?:-- ?.{0,3}|#.{0,2}|;--.?)$/g,
    choose(
      "-- ",
      "#",
      "-- -",
      "--+",
      ";--",
      "-- a",
      "#--",
      "/*",
      ";",
      ";#",
      "--\t",
      "--\u000b",
      "-- '",
      "/*'",
      " --\n",
      "; -- ",
      ";\u0000",
    ),
  ),
  rewriteOne(
    /\bunion(?: all)?\b/gi,
    choose("union distinct", "union all", "except", "intersect", "union(", "union/**/all", "except all", "union  "),
  ),
  rewriteOne(
    /\bselect\b/gi,
    choose(
      "select distinct",
      "select all",
      "select+",
      "select-",
      "select(",
      "select sql_no_cache",
      "select!",
      "select~",
      "select@a:=",
      "values",
      "select straight_join",
      "table",
    ),
  ),
  rewriteOne(/\bselect\b[^,()]*/gi, (found) => `${found.replace(/^(select)\s+(.*)/i, "$1($2)")}`),
  rewriteOne(
    /\bnull\b/gi,
    choose("\\N", "1", "''", "version()", "@@version", "user()", "current_user", "name", "0x41"),
  ),
  rewriteOne(
    /^(?:[-\w.()%]*)/g,
    choose(
      "",
      "0",
      "-1",
      "9999",
      "a",
      "abc def",
      "1.",
      "1e1",
      "(1)",
      ".1",
      "x'",
      "%",
      "-",
      "5 ",
      "null",
      "true",
      "id",
      "12-12",
      "a@b.c",
    ),
  ),
  rewriteOne(
    /^[^'"`]*['"`]/g,
    (found, random) =>
      found +
      pick(random, [
        "",
        " ",
        ")",
        "))",
        "+",
        "=",
        "-",
        "*",
        " is ",
        "<",
        "/**/",
        "|",
        "&",
        "^",
        "%",
        "/",
        ">",
        " in (",
      ]),
  ),
  rewriteOne(/\)/g, choose(" )", "/**/)", ")\n", "))")),
  rewriteOne(/\(/g, choose("( ", "(/**/", " (", "\n(", "((")),
  rewriteOne(/\b(?:users|items|name|id|password)\b/g, (word, random) =>
    pick(random, [`\`${word}\``, `"${word}"`, `[${word}]`, `${word} `, `(${word})`, `items.${word}`, `oracle.${word}`]),
  ),
  rewriteOne(/\bfrom \w+/g, (found, random) =>
    pick(random, [
      `${found} t`,
      `${found} as t`,
      found.replace(" ", "`").concat("`"),
      found.replace(/(\w+)$/, "($1)"),
      `${found} where 1`,
      `${found} limit 1`,
      `${found} natural join items`,
    ]),
  ),
  (value, random) =>
    value +
    pick(random, [
      " ",
      "\n",
      "\t",
      " limit 1",
      " group by id",
      " having 1",
      " order by 1",
      " for update",
      " lock in share mode",
      " -- x y z",
      " offset 0",
      " limit 0,1",
    ]),
  (value, random) =>
    value.replace(/(--|#|\/\*|;)(?=[^'"]{0,3}$)/, (mark) =>
      pick(random, [
        ` limit 1 ${mark}`,
        ` or 1${mark}`,
        ` order by 1 ${mark}`,
        ` group by id ${mark}`,
        ` is null ${mark}`,
        `=1${mark}`,
        `) ${mark}`,
        ` and 1${mark}`,
        `+0${mark}`,
      ]),
    ),
];

/** One rewriting of a value, or several on top of each other. */
export function mutate(value: string, random: Random): string {
  let made = value;
  for (let rounds = 1 + random(3); rounds > 0; rounds--) made = pick(random, MUTATIONS)(made, random);
  return made;
}
