/**
 * SQLite as it comes with Node: its authorizer tells every query and call of a statement while it compiles, its
 * byte code every comparison.
 */
import { constants, DatabaseSync } from "node:sqlite";
import type { Answer, SqlEngine } from "./engine.ts";
import { SCHEMA } from "./templates.ts";

const COMPARISONS = /^(?:Eq|Ne|Lt|Le|Gt|Ge|And|Or|Not|IsNull|NotNull|IsTrue|If|IfNot)$/;
const BROKEN = /syntax error|unrecognized token|incomplete input/;
/** Functions of other dialects, so that their names resolve. */
const FOREIGN = ["sleep", "benchmark", "pg_sleep", "extractvalue", "updatexml", "load_file", "ascii", "mid", "concat"];
const STATEMENTS_MAX = 8;

/** Opens SQLite in memory. */
export function openSqlite(): SqlEngine {
  const database = new DatabaseSync(":memory:", { enableDoubleQuotedStringLiterals: true });
  for (const statement of SCHEMA) database.exec(statement);
  for (const name of FOREIGN) database.function(name, { varargs: true }, () => 1);
  let selects = 0;
  let calls: string[] = [];
  const watch = (action: number, _first: string | null, second: string | null): number => {
    if (action === constants.SQLITE_SELECT) selects++;
    if (action === constants.SQLITE_FUNCTION) calls.push((second ?? "").toLowerCase());
    return constants.SQLITE_OK;
  };
  database.setAuthorizer(watch);
  const ask = (text: string): Answer => {
    selects = 0;
    calls = [];
    let statements = 0;
    let conditions = 0;
    let rest = Buffer.from(text);
    try {
      while (rest.length > 0 && statements < STATEMENTS_MAX) {
        const source = rest.toString();
        if (isEmpty(source)) break;
        const first = database.prepare(source).sourceSQL;
        const kept = { selects, calls };
        calls = [];
        conditions += comparisonsOf(database, first);
        ({ selects, calls } = kept);
        rest = rest.subarray(Buffer.byteLength(first));
        statements++;
      }
    } catch (error) {
      if (!(error instanceof Error) || BROKEN.test(error.message)) return "broken";
      return statements > 0 ? { statements: statements + 1, selects, conditions, calls } : "unknown";
    }
    return { statements, selects, conditions, calls };
  };
  return {
    dialect: "sqlite",
    ask: async (statement) => ask(statement),
    close: async () => database.close(),
  };
}

function comparisonsOf(database: DatabaseSync, statement: string): number {
  const steps = database.prepare(`explain ${statement}`).all();
  return steps.filter(({ opcode }) => typeof opcode === "string" && COMPARISONS.test(opcode)).length;
}

/** Whether nothing is left but blanks, comments and semicolons. */
function isEmpty(text: string): boolean {
  return text.replace(/\/\*[\s\S]*?(?:\*\/|$)|--[^\n]*|[\s;]/g, "") === "";
}
