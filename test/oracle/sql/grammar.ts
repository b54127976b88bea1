/**
 * Values for the oracle, made from a grammar with a seed: attacks as a person or a tool would write them, in the words
 * of a dialect, and near misses that resemble them. What they are is never taken from here: the engines decide.
 */
import { chance, pick, type Random } from "../../bench/random.ts";
import type { Dialect } from "./engine.ts";

/** The dialect, the quote that the author put around the value, and what chance says. */
interface Context {
  readonly random: Random;
  readonly dialect: Dialect;
  readonly quote: string;
}

const NUMBERS = ["1", "0", "-1", "5", "999", "1.5", ".5", "1e0", "(1)", "5-0"];
const WORDS = ["", "a", "lamp", "admin", "1", "x%", "foo bar", "bob@shop.example"];
const COLUMNS = ["id", "name", "items.name"];
const TABLES = ["users", "items"];

/** Makes a value that means to be an attack in the words of `dialect`, for a literal in `quote`. */
export function makeAttack(random: Random, dialect: Dialect, quote: string): string {
  const context: Context = { random, dialect, quote };
  const leaf = quote === "" ? pick(random, NUMBERS) : pick(random, WORDS) + quote;
  const close = pick(random, ["", "", "", ")", "))"]);
  const kind = random(20);
  if (kind < 11) return leaf + conditionEffect(context, close);
  if (kind < 14) return leaf + close + unionEffect(context) + comment(context);
  if (kind < 15 && quote !== "") return leaf + close + comment(context);
  if (kind < 17) return `${leaf + close}; ${statement(context)}${comment(context)}`;
  return leaf + nestedEffect(context);
}

function connective({ random, dialect }: Context): string {
  const words = [" or ", " and ", " OR ", " AND ", " or not ", " and not "];
  return pick(random, dialect === "mariadb" ? [...words, " xor ", "||", " && "] : words);
}

function conditionEffect(context: Context, close: string): string {
  const { random, quote } = context;
  const effect = connective(context) + condition(context, 2);
  if (chance(random, 0.5)) return close + effect + comment(context);
  if (quote === "") return close === "" ? effect : `${close}${connective(context)}(${condition(context, 1)}`;
  const open = close.replaceAll(")", "(");
  return `${close}${effect}${connective(context)}${open}${quote}a${quote}=${quote}${pick(random, ["a", "b"])}`;
}

function text({ random, dialect, quote }: Context): string {
  const mark = dialect === "postgres" ? "'" : quote === "" ? pick(random, ["'", '"']) : quote;
  return mark + pick(random, ["a", "x", "1", ""]) + mark;
}

function scalar(context: Context, depth: number): string {
  const { random, dialect } = context;
  const inner = depth > 0 ? `(select ${pick(random, COLUMNS.slice(0, 2))} from ${pick(random, TABLES)} limit 1)` : "1";
  const number = String(random(9));
  const calls = [`length(${pick(random, COLUMNS)})`, `abs(${number})`, `coalesce(null,${number})`];
  if (dialect !== "sqlite")
    calls.push(`ascii(${text(context)})`, `ascii(substring(${pick(random, COLUMNS.slice(1))},1,1))`);
  else calls.push(`unicode(${text(context)})`, "random()", `instr(${text(context)},${text(context)})`);
  return pick(random, [number, number, number, `(${number})`, `-${number}`, pick(random, calls), inner]);
}

function condition(context: Context, depth: number): string {
  const { random, dialect } = context;
  const number = String(random(9));
  const other = chance(random, 0.5) ? number : String(random(9));
  const forms = [
    () => `${number}=${other}`,
    () => `${number} = ${other}`,
    () => `${text(context)}=${text(context)}`,
    () => `${scalar(context, depth)}${pick(random, ["=", "<", ">", "<>", "!=", ">=", "<="])}${scalar(context, depth)}`,
    () => `${text(context)} like ${text(context)}`,
    () => `${number} between 0 and ${other}`,
    () => `${number} in (${number},${other})`,
    () => `${scalar(context, 0)} is not null`,
    () => `${pick(random, COLUMNS)} is not null`,
    () => `${pick(random, ["name", "items.name"])} like ${text(context)}`,
    () => `exists(select ${number} from ${pick(random, TABLES)})`,
    () => `(${condition(context, Math.max(0, depth - 1))})`,
    () => `not ${number}=${other}`,
    () => `case when ${number}=${other} then ${truth(dialect)} else ${falsity(dialect)} end`,
    () => `(select count(*) from ${pick(random, TABLES)})>${number}`,
    () => (dialect === "mariadb" ? `${number}<=>${other}` : `${number} is distinct from ${other}`),
    () => (dialect === "mariadb" ? `${text(context)} regexp ${text(context)}` : `${number}=${number}`),
    () =>
      dialect === "mariadb" ? `sleep(${number})` : dialect === "postgres" ? `pg_sleep(${number}) is null` : "sleep(1)",
    () => (dialect === "postgres" ? "true" : `${number}`),
    () => (dialect === "mariadb" ? `extractvalue(1,concat(0x7e,version()))` : `${number}=${other}`),
    () => (dialect === "postgres" ? `${number}::int=${other}` : `${number}=${other}`),
  ];
  return pick(random, forms)();
}

function truth(dialect: Dialect): string {
  return dialect === "postgres" ? "true" : "1";
}

function falsity(dialect: Dialect): string {
  return dialect === "postgres" ? "false" : "0";
}

function unionEffect(context: Context): string {
  const { random } = context;
  const columns = pick(random, [
    "1,2",
    "null,null",
    `${random(9)},name`,
    "id,password",
    `1,(select ${pick(random, ["password", "name"])} from users limit 1)`,
  ]);
  const source =
    columns.includes("name") || columns.includes("password") ? " from users" : pick(random, ["", " from items"]);
  const joint = pick(random, ["union", "union all", "UNION ALL", "intersect", "except", "Union"]);
  return ` ${joint} select ${columns}${source}`;
}

function statement(context: Context): string {
  const { random, dialect } = context;
  return pick(random, [
    "drop table orders",
    "delete from items",
    "update users set name='x'",
    "insert into users values(1,'a','b')",
    "select 1",
    dialect === "sqlite" ? "attach database 'x' as y" : "create table y(a integer)",
    dialect === "postgres" ? "select pg_sleep(1)" : "select sleep(1)",
  ]);
}

function nestedEffect(context: Context): string {
  const { random, dialect, quote } = context;
  const inner = `(select ${pick(random, ["id", "name", "password", "count(*)"])} from users limit 1)`;
  if (quote === "")
    return pick(random, ["-", "+", "*", " - ", " div "].slice(0, dialect === "mariadb" ? 5 : 4)) + inner;
  const join = dialect === "mariadb" ? pick(random, ["+", "-", "|", "^"]) : "||";
  return `${join}${inner}${join}${quote}`;
}

function comment({ random, dialect }: Context): string {
  const marks = ["-- ", "-- -", ";-- ", " -- x"];
  if (dialect === "mariadb") marks.push("#", " #", "#a");
  else marks.push("--", "--");
  return pick(random, dialect === "sqlite" ? [...marks, "/*", ";"] : marks);
}

const NAMES = [
  "O'Brien",
  "D'Angelo & Sons",
  "l'Été",
  "Ng'ang'a",
  "O'Neill-O'Hara",
  "Rock 'n' Roll",
  "Qur'an",
  'Mo\'ne "Jo"',
];
const SENTENCES = [
  "select the union of both sets from the table and order by size",
  "Drop me a line at table 5 or 6",
  "I can't decide between 'and' and 'or' -- help!",
  "It's 5' 11\" or 6' 2\"",
  "use WHERE id = 5 to find one row",
  "SELECT name, price FROM products WHERE price > 10 ORDER BY name",
  "the dogs' and cats' dinner",
  "R&B, rock 'n' roll and drum'n'bass",
  "if x = 1 or y = 2 then z",
  "C# and F# -- which one?",
  "She said 'no' and left; he didn't",
  "50% off -- today only!",
  "love this :') -- really",
  "the dogs'; -- then he left",
];
const QUERIES = [
  "Name eq 'Milk' and Price gt 2",
  'project = ABC AND status = "Open" ORDER BY created',
  'title:"login" AND country:(DE OR AT)',
  'title="login" && country="FR"',
  "is:open is:issue author:bob sort:updated-desc",
  "(a OR b) AND NOT c",
  "price > 10 and stock < 5",
  'startsWith(name, "a") and size > 3',
  "-title:draft AND author:bob",
  "match = 5 or x = 2",
  '@bob or name like "a"',
  "now() > due and owner is not null",
];
const SUMS = [
  "1+1=2",
  "x^2 + y^2 = r^2",
  "2*(3+4)",
  "H2O + CO2 -> H2CO3",
  "a|b",
  "5-3",
  "3 < 4",
  "10/2",
  "n! = n*(n-1)!",
  "f(2) = 3 and g(3) = 5",
  "24/7 is not possible",
  "5 | not rated",
  "Figure(3) or (4)",
  "sin(x)^2 + cos(x)^2 = 1",
];

/** Makes a value that resembles an attack and is none. What a connective would turn into one stands alone. */
export function makeNearMiss(random: Random): string {
  const one = (): string => pick(random, pick(random, [NAMES, SENTENCES]));
  if (chance(random, 0.3)) return pick(random, pick(random, [QUERIES, SUMS]));
  if (chance(random, 0.3)) return one();
  return one() + pick(random, [" ", ", ", " and ", " or ", " - ", "; ", "\n", ". "]) + one();
}
