/** `merlon api`: the interfaces that nodes have seen, at the terminal, and their OpenAPI document. */
import { writeFile } from "node:fs/promises";
import { MerlonError } from "../core/error.ts";
import type { Client } from "../postanalytics/api/client.ts";
import type { Answer } from "../postanalytics/api/routes.ts";
import { API_OPTIONS } from "./attacks/api-access.ts";
import { terminalJson } from "./attacks/record-words.ts";
import { withApi } from "./attacks.ts";
import { type Command, type Input, type Io, usage } from "./command.ts";
import { count, layOut, showWord } from "./text.ts";

const ACTIONS = ["list", "export"] as const;
const SHOWS = ["all", "new", "quiet", "attacked", "sensitive", "open"] as const;
const PART = 1000;
/** Endpoints that are printed; more are said to be there. */
const MOST = 20_000;

/** The command. */
export const apiCommand: Command = {
  name: "api",
  summary: "list the endpoints seen in traffic, and export them as OpenAPI",
  usage: "<list|export> [flags]",
  least: 1,
  most: 1,
  options: {
    ...API_OPTIONS,
    host: { type: "string", value: "<host>", about: "only this host; export needs it where there are several" },
    app: { type: "string", value: "<name>", about: "export: only this application" },
    show: { type: "string", value: "<which>", about: `list: ${SHOWS.join(", ")}; all if not given` },
    find: { type: "string", value: "<text>", about: "list: part of a path, a method or an application" },
    json: { type: "boolean", about: "list: print JSON, one object a line" },
    out: { type: "string", value: "<file>", about: "export: where to; standard output if not given" },
  },
  details: [
    "Nodes learn endpoints from a share of their harmless traffic: names and types of parameters, never a value.",
    "The document says what was seen (OpenAPI 3.1); what nobody called is not in it.",
  ].join("\n"),
  examples: [
    "merlon api list --data ./merlon-data",
    "merlon api list --show new --api https://merlon.example:9090 --token-file token",
    "merlon api export --data ./merlon-data --host shop.example --out openapi.json",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [written = ""] = input.positionals;
  const action = ACTIONS.find((known) => known === written);
  if (action === undefined) {
    throw usage(`"${showWord(written)}" is nothing that api does`, `it takes ${ACTIONS.join(", ")}`, "write one");
  }
  const show = input.choice("show", SHOWS) ?? "all";
  return await withApi(input, async (client) => {
    return action === "list" ? await list(client, show, input, io) : await writeDocument(client, input, io);
  });
}

async function list(client: Client, show: (typeof SHOWS)[number], input: Input, io: Io): Promise<number> {
  const host = input.text("host");
  const query = {
    show,
    find: input.text("find") ?? "",
    limit: PART,
    ...(host === undefined ? {} : { host: host.toLowerCase() }),
  };
  const rows: string[][] = [];
  let total = 0;
  for (let cursor: string | null = "0"; cursor !== null && rows.length < MOST; ) {
    const page: Answer<"endpoints"> = await client.call("endpoints", { query: { ...query, cursor: Number(cursor) } });
    for (const one of page.items) {
      if (input.flag("json")) io.stdout.write(`${terminalJson(one)}\n`);
      const said = [one.auth.join(","), one.sensitive.join(",") || "-", count(one.calls), count(one.attacks)];
      rows.push([one.method, `${showWord(one.host)}${showWord(one.path)}`, ...said]);
    }
    total = page.total;
    cursor = page.next;
  }
  if (input.flag("json")) return 0;
  if (rows.length === 0) {
    io.stdout.write("no endpoint: nodes tell of what they see within seconds; see merlon help api\n");
    return 0;
  }
  const columns = ["method", "endpoint", "signs in with", "sensitive", "calls", "attacks"];
  io.stdout.write(
    layOut(
      columns.map((title, at) => ({ title, right: at > 3 })),
      rows,
    ),
  );
  if (total > rows.length) io.stdout.write(`and ${count(total - rows.length)} more\n`);
  return 0;
}

async function writeDocument(client: Client, input: Input, io: Io): Promise<number> {
  const [host, app, out] = [input.text("host"), input.text("app"), input.text("out")];
  const response = await client.open("exportInventory", { host: host?.toLowerCase(), app });
  if (out === undefined) {
    // Names in it are escaped as JSON; terminals are shown nothing else.
    io.stdout.write(`${terminalJson(await response.json())}\n`);
    return 0;
  }
  await writeFile(out, await response.text(), { flag: "wx", mode: 0o600 }).catch((cause: unknown) => {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const why = isThere ? "there is such a file already; choose another name" : "it cannot be written; check the path";
    throw new MerlonError("MERLON_INPUT", `${showWord(out)} — ${why}`, { cause });
  });
  return 0;
}
