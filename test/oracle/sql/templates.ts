/**
 * Statements as careless authors build them: a value is put between `before` and `after`. All of them stand on one
 * schema, which the engines create.
 */
import type { Dialect } from "./engine.ts";

/** One statement with a place for a value. */
export interface Template {
  readonly name: string;
  /** What its author put around the value: nothing or a quote. */
  readonly quote: "" | "'" | '"' | "`";
  readonly before: string;
  readonly after: string;
  /** A value as the author meant it. */
  readonly literal: string;
  readonly dialects: readonly Dialect[];
}

/** Tables that every engine has, empty but for one row each. */
export const SCHEMA: readonly string[] = [
  "create table items (id integer, name varchar(40), visible integer)",
  "create table users (id integer, name varchar(40), password varchar(40))",
  "insert into items values (5, 'lamp', 1)",
  "insert into users values (1, 'admin', 'geheim')",
];

const ALL: readonly Dialect[] = ["sqlite", "postgres", "mariadb"];
const ITEMS = "select id, name from items where";
const SHOWN = "and visible = 1";

/** The templates. */
export const TEMPLATES: readonly Template[] = [
  { name: "number", quote: "", before: `${ITEMS} id = `, after: ` ${SHOWN}`, literal: "5", dialects: ALL },
  { name: "nested number", quote: "", before: `${ITEMS} (id = (`, after: `)) ${SHOWN}`, literal: "5", dialects: ALL },
  { name: "list", quote: "", before: `${ITEMS} id in (1, `, after: `) ${SHOWN}`, literal: "5", dialects: ALL },
  { name: "string", quote: "'", before: `${ITEMS} name = '`, after: `' ${SHOWN}`, literal: "lamp", dialects: ALL },
  {
    name: "nested string",
    quote: "'",
    before: `${ITEMS} ((name = '`,
    after: `')) ${SHOWN}`,
    literal: "lamp",
    dialects: ALL,
  },
  {
    name: "pattern",
    quote: "'",
    before: `${ITEMS} (name like '%`,
    after: `%') ${SHOWN}`,
    literal: "lamp",
    dialects: ALL,
  },
  {
    name: "login",
    quote: "'",
    before: "select id, name from users where name = '",
    after: "' and password = 'x'",
    literal: "admin",
    dialects: ALL,
  },
  {
    name: "double",
    quote: '"',
    before: `${ITEMS} name = "`,
    after: `" ${SHOWN}`,
    literal: "lamp",
    dialects: ["sqlite", "mariadb"],
  },
  {
    name: "insert",
    quote: "'",
    before: "insert into items (id, name, visible) values (9, '",
    after: "', 1)",
    literal: "lamp",
    dialects: ["sqlite", "postgres"],
  },
  {
    name: "order",
    quote: "",
    before: "select id, name from items where visible = 1 order by ",
    after: " limit 5",
    literal: "name",
    dialects: ALL,
  },
  {
    name: "limit",
    quote: "",
    before: "select id, name from items where visible = 1 limit ",
    after: "",
    literal: "5",
    dialects: ["postgres"],
  },
  {
    name: "quoted name",
    quote: "`",
    before: "select id, name from items where visible = 1 order by `",
    after: "` desc",
    literal: "name",
    dialects: ["sqlite", "mariadb"],
  },
];
