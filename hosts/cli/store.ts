/**
 * `merlon store`: looks after the records of a data folder while nothing else runs on it: compares the log with the
 * database, and makes the database's part of it again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MerlonError } from "../core/error.ts";
import { bytesText } from "../policy/quantity.ts";
import { DATABASE_FILE, LOG_FOLDER } from "../postanalytics/store/data-folder.ts";
import type { Database } from "../postanalytics/store/database.ts";
import { openDatabase } from "../postanalytics/store/open-database.ts";
import { lockFolder } from "../postanalytics/store/owner-lock.ts";
import { checkStore, rebuildStore } from "../postanalytics/store/rebuild.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { count, percent, showWord } from "./text.ts";

const ACTIONS = ["check", "rebuild"] as const;

/** The command. */
export const storeCommand: Command = {
  name: "store",
  summary: "check the records of a data folder, or rebuild their database from the log",
  usage: "<check|rebuild> --data <folder> [flags]",
  least: 1,
  most: 1,
  options: {
    data: { type: "string", value: "<folder>", about: "the data folder; nothing else may run on it" },
    database: { type: "string", value: "<url>", about: "postgres://…; the folder's own SQLite file if not given" },
  },
  details: [
    "check    reads the whole log, and looks for each of its records in the database; exit code 1 if one is missing or",
    "         a part of the log has rotted.",
    "rebuild  makes what the database has of the records again, from the log. Users, tokens and settings stay. A",
    "         PostgreSQL is not emptied, since others may use it: what is missing is added.",
  ].join("\n"),
  examples: ["merlon store check --data /var/lib/merlon", "merlon store rebuild --data /var/lib/merlon"],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = ""] = input.positionals;
  const action = ACTIONS.find((known) => known === written);
  if (action === undefined) {
    throw usage(`"${showWord(written)}" is nothing that store does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  const folder = input.text("data");
  if (folder === undefined) throw usage("--data is missing", "the store lies there", "write --data <folder>");
  const log = join(folder, LOG_FOLDER);
  if (!existsSync(log)) {
    const why = `it has no folder "${LOG_FOLDER}"`;
    throw new MerlonError("MERLON_STORE", `${showWord(folder)} is no data folder — ${why}; check the path`);
  }
  const release = lockFolder(folder);
  try {
    const database = await openDatabase(input.text("database") ?? join(folder, DATABASE_FILE));
    try {
      return action === "check" ? await check(log, database, io) : await rebuild(log, database, io);
    } finally {
      await database.close();
    }
  } finally {
    release();
  }
}

async function check(log: string, database: Database, io: Io): Promise<number> {
  const found = await checkStore(log, database);
  const { segments, bytes, records, labels, endpoints, tornBytes, behind, missing, damaged, unlike } = found;
  const size = bytesText(Math.ceil(bytes / 1024) * 1024);
  const held = `${count(records)} records, ${count(labels)} labels, ${count(endpoints)} lines of the inventory`;
  io.stdout.write(`log        ${held}; ${segments} segments, ${size}\n`);
  if (tornBytes > 0) io.stdout.write(`torn       ${tornBytes} bytes of an interrupted write, kept in a .torn file\n`);
  if (behind > 0) io.stdout.write(`behind     ${count(behind)} records will be in the database at the next start\n`);
  if (missing > 0) io.stdout.write(`missing    ${count(missing)} records — write "merlon store rebuild"\n`);
  if (unlike > 0) io.stdout.write(`blocks     ${count(unlike)} records more or fewer — write "merlon store rebuild"\n`);
  if (damaged > 0) io.stdout.write(`damaged    ${damaged} places of the log cannot be read — look at the disk\n`);
  const fine = missing === 0 && damaged === 0 && unlike === 0;
  io.stdout.write(fine ? "all records of the log are where they should be\n" : "");
  return fine ? 0 : 1;
}

async function rebuild(log: string, database: Database, io: Io): Promise<number> {
  const progress = (part: number): void => {
    if (io.interactive) io.stderr.write(`\rmerlon: ${percent(part, 1, 0)} rebuilt `);
  };
  const { records, refused, damaged } = await rebuildStore(log, database, progress);
  if (io.interactive) io.stderr.write("\n");
  io.stdout.write(`${count(records)} records in the database\n`);
  if (refused > 0) io.stdout.write(`refused    ${count(refused)} records stay in the log alone\n`);
  if (damaged > 0) io.stdout.write(`damaged    ${damaged} places of the log cannot be read — look at the disk\n`);
  return refused + damaged === 0 ? 0 : 1;
}
