/**
 * `merlon attacks`: what the store has, at the terminal: groups, records, one of them explained, a file, and what
 * arrives now.
 */
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { MerlonError } from "../core/error.ts";
import { ApiError, type Client } from "../postanalytics/api/client.ts";
import { readEvents } from "../postanalytics/api/event-stream.ts";
import { EXPORT_FORMATS } from "../postanalytics/api/schema.ts";
import { API_OPTIONS, openApi } from "./attacks/api-access.ts";
import { attackTable, recordRow, recordTable, recordWords, terminalJson } from "./attacks/record-words.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { showWord } from "./text.ts";

const ACTIONS = ["list", "tail", "show", "export"] as const;
const SINCE = "24h";
const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const MOST_DEFAULT = 100_000;
const MOST_MAX = 1_000_000;
/** Records that a tail has told lately: what it reads again is not told again. */
const TOLD_MAX = 5000;
const OVERLAP_MS = 10_000;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The command. */
export const attacksCommand: Command = {
  name: "attacks",
  summary: "list, follow, show and export recorded attacks",
  usage: "<list|tail|show|export> [<reference>] [flags]",
  least: 1,
  most: 2,
  options: {
    ...API_OPTIONS,
    where: {
      type: "string",
      value: "<search>",
      about: "only what this search finds, as in the console (docs/search.md)",
    },
    since: { type: "string", value: "<time>", about: `how far back, such as 30m, 24h or 7d; ${SINCE} if not given` },
    "group-by": {
      type: "string",
      value: "<fields>",
      about: "list: up to four of type, ip, point, host, path, app, country, …",
    },
    limit: { type: "string", value: "<number>", about: `list: lines at most; ${LIMIT_DEFAULT} if not given` },
    records: { type: "boolean", about: "list: records one by one instead of groups" },
    json: { type: "boolean", about: "print JSON, one object a line" },
    format: { type: "string", value: "<format>", about: "export: csv or jsonl; jsonl if not given" },
    out: { type: "string", value: "<file>", about: "export: where to; standard output if not given" },
    most: { type: "string", value: "<number>", about: `export: records at most; ${MOST_DEFAULT} if not given` },
  },
  details: [
    "Whoever has a token of the console (--api, --token-file) or may read a data folder (--data) can use it; a",
    "reference alone teaches an outsider nothing. What clients wrote is escaped. NODE_EXTRA_CA_CERTS names another",
    "authority for TLS.",
  ].join("\n"),
  examples: [
    "merlon attacks list --data ./merlon-data",
    "merlon attacks list --api https://merlon.example:9090 --token-file token --where 'sqli blocked' --records",
    "merlon attacks show 01K9ZZZZZZAAAAAA --data ./merlon-data",
    "merlon attacks tail --data ./merlon-data --json",
    "merlon attacks export --data ./merlon-data --since 7d --format csv --out attacks.csv",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = "", reference] = input.positionals;
  const action = ACTIONS.find((known) => known === written);
  if (action === undefined) {
    throw usage(`"${showWord(written)}" is nothing that attacks does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  if ((action === "show") !== (reference !== undefined)) {
    const what = reference === undefined ? "the reference is missing" : `"${showWord(reference)}" is too much`;
    throw usage(what, "show takes the reference of one record, the others none", "see merlon help attacks");
  }
  const from = Date.now() - sinceOf(input);
  return await withApi(input, async (client) => {
    switch (action) {
      case "list":
        return await list(client, input, io, from);
      case "tail":
        return await tail(client, input, io);
      case "show":
        return await show(client, reference ?? "", input, io);
      case "export":
        return await writeFile(client, input, io, from);
    }
  });
}

/** Asks the API, and says in one line why it did not answer. @throws MerlonError */
export async function withApi<T>(input: Input, work: (client: Client) => Promise<T>): Promise<T> {
  const access = await openApi(input);
  try {
    return await work(access.client);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const code = error.status === 0 || error.status >= 500 ? "MERLON_STORE" : "MERLON_INPUT";
    throw new MerlonError(code, showWord(error.message), { cause: error });
  } finally {
    await access.close();
  }
}

function sinceOf(input: Input): number {
  const text = input.text("since") ?? SINCE;
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const each = UNITS[unit];
  if (each !== undefined) return Number(number) * each;
  throw usage(`--since is "${showWord(text)}"`, "it takes a number and s, m, h or d", "write one such as 24h");
}

async function list(client: Client, input: Input, io: Io, from: number): Promise<number> {
  const limit = input.integer("limit", 1, LIMIT_MAX, LIMIT_DEFAULT);
  const query = { from, where: input.text("where") ?? "", limit };
  const json = input.flag("json");
  if (input.flag("records")) {
    const { items, next } = await client.call("records", { query });
    io.stdout.write(json ? lines(items) : recordTable(items));
    return more(next, io);
  }
  const groupBy = input.text("group-by");
  const { items, next } = await client.call("attacks", {
    query: groupBy === undefined ? query : { ...query, groupBy },
  });
  io.stdout.write(json ? lines(items) : attackTable(items));
  return more(next, io);
}

function lines(items: readonly unknown[]): string {
  return items.map((one) => `${terminalJson(one)}\n`).join("");
}

function more(next: string | null, io: Io): number {
  if (next !== null) io.stderr.write("merlon: there is more; narrow the search, or raise --limit\n");
  return 0;
}

async function show(client: Client, reference: string, input: Input, io: Io): Promise<number> {
  const record = await client.call("record", { path: { id: reference } });
  io.stdout.write(input.flag("json") ? `${terminalJson(record, 2)}\n` : recordWords(record));
  return 0;
}

async function writeFile(client: Client, input: Input, io: Io, from: number): Promise<number> {
  const format = input.choice("format", EXPORT_FORMATS) ?? "jsonl";
  const most = input.integer("most", 1, MOST_MAX, MOST_DEFAULT);
  const out = input.text("out");
  const { body } = await client.open("exportRecords", { from, format, most, where: input.text("where") ?? "" });
  const target: Writable = out === undefined ? io.stdout : createWriteStream(out, { flags: "wx", mode: 0o600 });
  try {
    for await (const chunk of body ?? []) {
      if (!target.write(chunk)) await new Promise<void>((resolve) => target.once("drain", resolve));
    }
    if (out === undefined) return 0;
    target.end();
    await finished(target);
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const fix = isThere
      ? "there is such a file already; choose another name"
      : "check the path and the room on the disk";
    throw new MerlonError("MERLON_INPUT", `${showWord(out ?? "the output")} cannot be written — ${fix}`, { cause });
  }
  return 0;
}

/** Tells records as they arrive, until the console ends or the reader has enough. */
async function tail(client: Client, input: Input, io: Io): Promise<number> {
  const where = input.text("where") ?? "";
  const json = input.flag("json");
  const { body } = await client.open("live");
  if (body === null) return 0;
  const told = new Set<string>();
  let since = Date.now();
  let isNew = false;
  for await (const { name } of readEvents(body)) {
    isNew ||= name === "record";
    // The stream says that there is something, and every second ends with a summary; the records themselves come from
    // the store, with the search.
    if (name !== "summary" || !isNew) continue;
    isNew = false;
    const query = { from: since - OVERLAP_MS, where, limit: 500 };
    const { items } = await client.call("records", { query });
    for (const record of [...items].reverse()) {
      if (told.has(record.id)) continue;
      told.add(record.id);
      since = Math.max(since, Date.parse(record.ts));
      io.stdout.write(json ? `${terminalJson(record)}\n` : `${recordRow(record).join("  ")}\n`);
    }
    for (const id of told) {
      if (told.size <= TOLD_MAX) break;
      told.delete(id);
    }
  }
  return 0;
}
